//! Modules divided in every way still compute the same.
//!
//! A small program with all the shapes of control flow that rustc emits is divided by made-up
//! findings of what has run, and interpreted beside the program as it was.

use std::collections::BTreeSet;

use wasmi::{Caller, Engine, Instance, Linker, Module, Store};

use crate::data::Data;
use crate::outline::outline;
use crate::pieces::pieces;
use crate::profile::instrument;
use crate::split::split;

/// `run(n)` takes one of several ways through loops, tables of branches, returns from within and
/// calls, keeps variables over all of them, writes to memory, and grows a table of the host's
/// objects, whose size is in what it returns. Some ways end in a trap.
const PROGRAM: &str = r#"
(module
  (type $op (func (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (table 4 4 funcref)
  (table $lent 1 externref)
  (global $sum (mut i32) (i32.const 7))
  (elem (i32.const 1) $add $weave)
  (data (i32.const 1024) "abcdefgh")
  (func $lockstep_add (param $a i32) (param $b i32) (result i32)
    (global.set $sum (i32.add (global.get $sum) (local.get $a)))
    (i32.add (local.get $a) (local.get $b)))
  (func $add (export "add") (param $a i32) (param $b i32) (result i32)
    (call $lockstep_add (local.get $a) (local.get $b)))
  (func $lockstep_weave (param $n i32) (param $m i32) (result i32)
    (local $i i32) (local $acc i32) (local $wide i64) (local $half f64) (local $flag i32)
    (local.set $i (local.get $n))
    (block $done
      (loop $again
        (br_if $done (i32.eqz (local.get $i)))
        (block $other
          (block $third
            (block $second
              (block $first
                (br_table $first $second $third $other $done
                  (i32.rem_u (i32.mul (local.get $i) (local.get $m)) (i32.const 5))))
              (local.set $acc (i32.add (local.get $acc) (local.tee $flag (local.get $i))))
              (if (i32.gt_u (local.get $acc) (i32.const 90))
                (then
                  (i32.store (i32.const 16) (local.get $acc))
                  (drop (table.grow $lent (ref.null extern) (i32.const 1)))
                  (return (i32.add (local.get $acc) (i32.load8_u offset=1024 (i32.const 1))))))
              (br $other))
            (local.set $wide (i64.add (local.get $wide) (i64.extend_i32_u (local.get $i))))
            (local.set $half (f64.add (local.get $half) (f64.const 0.5)))
            (br_if $other (i32.and (local.get $i) (i32.const 1)))
            (local.set $acc (call $lockstep_add (local.get $acc) (i32.const 3))))
          (local.set $acc
            (select (i32.mul (local.get $acc) (i32.const 3)) (local.get $flag)
              (i32.and (local.get $i) (i32.const 2))))
          (if (i32.eq (local.get $i) (i32.const 13))
            (then (unreachable))
            (else
              (local.set $flag (if (result i32) (local.get $flag)
                (then (i32.add (i32.const 1) (call_indirect (type $op)
                  (local.get $i) (local.get $flag) (i32.const 1))))
                (else (i32.const 5)))))))
        (local.set $i (i32.sub (local.get $i) (i32.const 1)))
        (i32.store (i32.add (i32.const 64) (i32.shl (local.get $i) (i32.const 2)))
          (i32.add (local.get $acc) (local.get $flag)))
        (br $again)))
    (if (i64.gt_u (local.get $wide) (i64.const 40))
      (then (return (i32.wrap_i64 (local.get $wide)))))
    (i32.add (local.get $acc) (i32.trunc_f64_u (f64.add (local.get $half) (f64.const 0.5)))))
  (func $weave (param i32 i32) (result i32)
    (call $lockstep_weave (local.get 0) (local.get 1)))
  (func (export "run") (param $n i32) (result i32)
    (i32.add
      (call $lockstep_weave (i32.rem_u (local.get $n) (i32.const 40))
        (i32.add (i32.div_u (local.get $n) (i32.const 40)) (i32.const 1)))
      (i32.add (i32.shl (global.get $sum) (i32.const 8))
        (i32.shl (table.size $lent) (i32.const 20))))))
"#;

/// Arguments that `run` is tried with, in this order, in one instance.
const ARGUMENTS: i32 = 200;

/// What the interpreter holds: the second module until it is loaded, and how often it was.
#[derive(Default)]
struct Later {
    module: Option<Module>,
    first: Option<Instance>,
    loads: usize,
}

/// An instance of a divided module; the second part is loaded when it is called for.
struct Page {
    store: Store<Later>,
    instance: Instance,
}

impl Page {
    fn open(engine: &Engine, first: &[u8], second: Option<&[u8]>) -> Self {
        let module = |bytes| Module::new(engine, bytes).expect("a valid module");
        let later = Later { module: second.map(module), ..Later::default() };
        let mut store = Store::new(engine, later);
        let mut linker = Linker::new(engine);
        linker.func_wrap("later", "load", load).expect("the import");
        let instance = linker.instantiate_and_start(&mut store, &module(first)).expect("it starts");
        store.data_mut().first = Some(instance);
        Self { store, instance }
    }

    /// What `run` returns, and the memory afterwards; none for a trap.
    fn run(&mut self, argument: i32) -> (Option<i32>, Vec<u8>) {
        let run = self.instance.get_typed_func::<i32, i32>(&self.store, "run").expect("run");
        let result = run.call(&mut self.store, argument).ok();
        let memory = self.instance.get_memory(&self.store, "memory").expect("a memory");
        (result, memory.data(&self.store)[..2048].to_vec())
    }
}

fn load(mut caller: Caller<'_, Later>) {
    let Some(module) = caller.data_mut().module.take() else { return };
    caller.data_mut().loads += 1;
    let first = caller.data().first.expect("the first module runs");
    let exports: Vec<_> = first
        .exports(&caller)
        .map(|export| (export.name().to_owned(), export.into_extern()))
        .collect();
    let mut linker = Linker::<Later>::new(caller.engine());
    for (name, item) in exports {
        linker.define("first", &name, item).expect("an export once");
    }
    linker.instantiate_and_start(&mut caller, &module).expect("the second module starts");
}

fn program() -> Vec<u8> {
    wat::parse_str(PROGRAM).expect("the program is well formed")
}

fn count_pieces(bytes: &[u8]) -> usize {
    let module = walrus::Module::from_buffer(bytes).expect("a module");
    module.funcs.iter_local().map(|(_, function)| pieces(function).len()).sum()
}

/// A sequence of bits for a seed; about `of` in eight are set.
fn bits(seed: u64, count: usize, of: u64) -> Vec<bool> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 40
    };
    (0..count).map(|_| next() % 8 < of).collect()
}

#[test]
fn whatever_has_run_the_same_is_computed() {
    let (engine, program) = (Engine::default(), program());
    let mut whole = Page::open(&engine, &program, None);
    let expected: Vec<_> = (0..ARGUMENTS).map(|n| whole.run(n)).collect();
    assert!(expected.iter().any(|(result, _)| result.is_none()), "some ways end in a trap");
    let different: BTreeSet<_> = expected.iter().map(|(result, _)| result).collect();
    assert!(different.len() > 50, "{} different results", different.len());

    let count = count_pieces(&program);
    let mut taken_out = 0;
    for seed in 0..160 {
        let ran = bits(seed, count, seed % 9);
        let worth = (seed % 3) as usize * 4;
        let outlined = outline(&program, &ran, worth).expect("it can be outlined");
        taken_out += count_functions(&outlined) - count_functions(&program);
        let parts = split(&outlined, &Data::default()).expect("it can be split");
        let mut page = Page::open(&engine, &parts.first, Some(&parts.second));
        for (n, expected) in expected.iter().enumerate() {
            assert_eq!(page.run(n as i32), *expected, "seed {seed}, run({n})");
        }
        assert!(page.store.data().loads <= 1);
    }
    assert!(taken_out > 100, "{taken_out} regions were taken out");
}

fn count_functions(bytes: &[u8]) -> usize {
    walrus::Module::from_buffer(bytes).expect("a module").funcs.iter_local().count()
}

#[test]
fn what_has_run_runs_without_the_second_part() {
    let (engine, program) = (Engine::default(), program());
    // As a walk finds it out: by what is marked after some calls.
    let marked = instrument(&program).expect("it can be marked");
    let mut config = wasmi::Config::default();
    config.wasm_multi_memory(true);
    let mut marking = Page::open(&Engine::new(&config), &marked, None);
    let walk = [0, 1, 2];
    let expected: Vec<_> = walk.iter().map(|n| marking.run(*n)).collect();
    let memory = marking.instance.get_memory(&marking.store, "ran").expect("the marks");
    let ran: Vec<bool> = memory.data(&marking.store).iter().map(|byte| *byte == 1).collect();
    assert!(ran.contains(&true));

    let parts = split(&outline(&program, &ran, 0).expect("outlined"), &Data::default());
    let parts = parts.expect("split");
    let mut page = Page::open(&engine, &parts.first, Some(&parts.second));
    for (n, expected) in walk.iter().zip(&expected) {
        assert_eq!(page.run(*n), *expected);
    }
    assert_eq!(page.store.data().loads, 0, "nothing had to be waited for");
    for n in 0..ARGUMENTS {
        page.run(n);
    }
    assert_eq!(page.store.data().loads, 1, "other ways need the second part");
}

#[test]
fn a_call_waits_for_the_second_part() {
    let (engine, program) = (Engine::default(), program());
    // Nothing has run: the first part has what JavaScript calls, and that calls the second.
    let outlined = outline(&program, &[], 0).expect("outlined");
    let parts = split(&outlined, &Data::default()).expect("split");
    let mut page = Page::open(&engine, &parts.first, Some(&parts.second));
    let mut whole = Page::open(&engine, &program, None);
    assert_eq!(page.run(5), whole.run(5));
    assert_eq!(page.store.data().loads, 1);
    assert_eq!(page.run(6), whole.run(6));
    assert_eq!(page.store.data().loads, 1, "once is enough");
    assert!(parts.listing.lines().any(|line| line.starts_with("later\t")), "{}", parts.listing);
}
