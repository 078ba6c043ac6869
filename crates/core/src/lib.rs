//! A whole Redis node without IO.
//!
//! This crate is the single implementation behind the native server, the playground (WebAssembly)
//! and the deterministic simulator. It never opens a socket, reads a clock, or asks the operating
//! system for randomness: bytes, time and seeds come in as arguments, bytes and [`node::Action`]s
//! come out.
//!
//! Direction of the modules (a tidy test keeps it):
//!
//! ```text
//! resp, packed, rdb  <-  keyspace  <-  commands
//! resp               <-  replication
//!                        node joins them
//! ```
//!
//! `replication` never sees a key and `keyspace` never sees an offset.
//!
//! # Invariants
//!
//! * Deterministic: the same inputs at the same instants give the same bytes, on every platform.
//! * No input of a peer makes a node panic, allocate more than its limits allow, or lose data.
//! * No `unsafe`.
#![forbid(unsafe_code)]

pub mod commands;
pub mod config;
pub mod glob;
pub mod id;
pub mod keyspace;
pub mod mutants;
pub mod node;
pub mod num;
pub mod packed;
pub mod rdb;
pub mod replication;
pub mod resp;
pub mod rng;
pub mod sorted;
pub mod time;
pub mod trace;
