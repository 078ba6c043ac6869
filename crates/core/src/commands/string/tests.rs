//! Replies as recorded from redis-server 7.0.15.

use crate::commands::testing::Bench;

fn check(script: &[(&str, &str)]) {
    let mut bench = Bench::new();
    for (command, reply) in script {
        assert_eq!(bench.run(command), *reply, "{command}");
    }
}

#[test]
fn set_and_its_options() {
    check(&[
        (r"set k v", r"+OK\r\n"),
        (r"get k", r"$1\r\nv\r\n"),
        (r"set k w nx", r"$-1\r\n"),
        (r"set k w xx", r"+OK\r\n"),
        (r"get k", r"$1\r\nw\r\n"),
        (r"set new 1 xx", r"$-1\r\n"),
        (r"set new 1 nx get", r"$-1\r\n"),
        (r"set new 2 get", r"$1\r\n1\r\n"),
        (r"set k x keepttl get", r"$1\r\nw\r\n"),
        (r"set k x nx xx", r"-ERR syntax error\r\n"),
        (r"set k x ex 10 px 10", r"-ERR syntax error\r\n"),
        (r"set k x ex 10 keepttl", r"-ERR syntax error\r\n"),
        (r"set k x ex", r"-ERR syntax error\r\n"),
        (r"set k x ex 0", r"-ERR invalid expire time in \'set\' command\r\n"),
        (r"set k x ex -5", r"-ERR invalid expire time in \'set\' command\r\n"),
        (r"set k x ex abc", r"-ERR value is not an integer or out of range\r\n"),
        (r"set k x px 9223372036854775807", r"-ERR invalid expire time in \'set\' command\r\n"),
        (r"set k x ex 9223372036854775", r"-ERR invalid expire time in \'set\' command\r\n"),
        (r"set k x persist", r"-ERR syntax error\r\n"),
        (r"lpush list a", r":1\r\n"),
        (
            r"set list x get",
            r"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
        ),
        (r"set list x", r"+OK\r\n"),
        (r"get list", r"$1\r\nx\r\n"),
        (r"get none", r"$-1\r\n"),
        (r"set k", r"-ERR wrong number of arguments for \'set\' command\r\n"),
        (r"setnx k 1", r":0\r\n"),
        (r"setnx fresh 1", r":1\r\n"),
        (r"setex k 0 v", r"-ERR invalid expire time in \'setex\' command\r\n"),
        (r"setex k x v", r"-ERR value is not an integer or out of range\r\n"),
        (r"setex k 100 v", r"+OK\r\n"),
        (r"ttl k", r":100\r\n"),
        (r"psetex k -1 v", r"-ERR invalid expire time in \'psetex\' command\r\n"),
        (r"psetex k 100000 v", r"+OK\r\n"),
        (r"ttl k", r":100\r\n"),
        (r"set k v", r"+OK\r\n"),
        (r"ttl k", r":-1\r\n"),
    ]);
}

#[test]
fn reading_and_deleting() {
    check(&[
        (r"set k v", r"+OK\r\n"),
        (r"getset k w", r"$1\r\nv\r\n"),
        (r"getset none w", r"$-1\r\n"),
        (r"lpush l 1", r":1\r\n"),
        (r"getset l 1", r"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        (r"getdel k", r"$1\r\nw\r\n"),
        (r"getdel k", r"$-1\r\n"),
        (r"getdel l", r"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        (r"set k v ex 100", r"+OK\r\n"),
        (r"getex k", r"$1\r\nv\r\n"),
        (r"ttl k", r":100\r\n"),
        (r"getex k persist", r"$1\r\nv\r\n"),
        (r"ttl k", r":-1\r\n"),
        (r"getex k ex 200", r"$1\r\nv\r\n"),
        (r"ttl k", r":200\r\n"),
        (r"getex k exat 1", r"$1\r\nv\r\n"),
        (r"exists k", r":0\r\n"),
        (r"getex k ex", r"-ERR syntax error\r\n"),
        (r"getex none ex x", r"-ERR value is not an integer or out of range\r\n"),
        (
            r"getex l ex x",
            r"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
        ),
        (r"set k v", r"+OK\r\n"),
        (r"getex k ex x", r"-ERR value is not an integer or out of range\r\n"),
        (r"getex k keepttl", r"-ERR syntax error\r\n"),
        (r"getex k px 0", r"-ERR invalid expire time in \'getex\' command\r\n"),
        (r"getex k persist ex 10", r"-ERR syntax error\r\n"),
        (r"mget k none l", r"*3\r\n$1\r\nv\r\n$1\r\nw\r\n$-1\r\n"),
        (r"mset a 1 b 2 a 3", r"+OK\r\n"),
        (r"mget a b", r"*2\r\n$1\r\n3\r\n$1\r\n2\r\n"),
        (r"mset a", r"-ERR wrong number of arguments for \'mset\' command\r\n"),
        (r"mset a 1 b", r"-ERR wrong number of arguments for \'mset\' command\r\n"),
        (r"msetnx a 1 c 2", r":0\r\n"),
        (r"msetnx c 1 d 2", r":1\r\n"),
        (r"msetnx c 1 d", r"-ERR wrong number of arguments for \'msetnx\' command\r\n"),
        (r"mget c d", r"*2\r\n$1\r\n1\r\n$1\r\n2\r\n"),
    ]);
}

#[test]
fn counting() {
    check(&[
        (r"incr n", r":1\r\n"),
        (r"incr n", r":2\r\n"),
        (r"decr n", r":1\r\n"),
        (r"incrby n 41", r":42\r\n"),
        (r"decrby n -8", r":50\r\n"),
        (r"incrby n x", r"-ERR value is not an integer or out of range\r\n"),
        (r"set max 9223372036854775807", r"+OK\r\n"),
        (r"incr max", r"-ERR increment or decrement would overflow\r\n"),
        (r"decr max", r":9223372036854775806\r\n"),
        (r"set min -9223372036854775808", r"+OK\r\n"),
        (r"decr min", r"-ERR increment or decrement would overflow\r\n"),
        (r"decrby n -9223372036854775808", r"-ERR decrement would overflow\r\n"),
        (r"incrby none2 -9223372036854775808", r":-9223372036854775808\r\n"),
        (r"set text abc", r"+OK\r\n"),
        (r"incr text", r"-ERR value is not an integer or out of range\r\n"),
        (r"set spaced 01", r"+OK\r\n"),
        (r"incr spaced", r"-ERR value is not an integer or out of range\r\n"),
        (r"lpush l 1", r":1\r\n"),
        (r"incr l", r"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        (
            r"incrbyfloat l 1",
            r"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
        ),
        (r"incrbyfloat f 0.1", r"$3\r\n0.1\r\n"),
        (r"incrbyfloat f 0.2", r"$3\r\n0.3\r\n"),
        (r"incrbyfloat f -0.3", r"$1\r\n0\r\n"),
        (r"incrbyfloat f 1e5", r"$6\r\n100000\r\n"),
        (r"incrbyfloat f x", r"-ERR value is not a valid float\r\n"),
        (r"incrbyfloat text 1", r"-ERR value is not a valid float\r\n"),
        (r"incrbyfloat f inf", r"-ERR increment would produce NaN or Infinity\r\n"),
        (r"set big 1e4000", r"+OK\r\n"),
        (
            r"incrbyfloat big 1e4932",
            r"$4933\r\n1000000000000000000006018949387963891323837774254533114773785041352533019486608722407533327779433142773666525563666277682061860906440460336623416164931097542108653623739947237824273607755646282077337746770628281083461244709457643633409272844851420914666765408339856497738306756454137037618440476182982865954054046320908299555942321302503320602080070208203623921079151881460203745014774931620490030394998719312614654064081373493248877120892455186383753439197870978041502797716880193955403107721911638646256939484197293128160329482360996995779489224859264034146949087194820794222433687849284561987230134006305414553626323614864479565079390052761980633463640128979696615362545507608303960553830866145592644372289102918602696741767741297153998359263135897985849697638678310586803720024647593066044070323761747439375151949994191528876172274034561238465689530914002496208547488452249219821049217690359246594326188537200846025476936856707726986425804304053688317572380292690880454677852210458790733177421098965346383845533016192965653377533421097553773202105452559589360227732550843545717469715211293029277100649951579279463212875228768700827274629951331584994203243708412190948315614798641721054158397351395747758548328754270534225721361640356227816080094892433366902417454242382629232277544026609640255325557814321580325340352330660617642326696140257239552549121071985189443846777623334881929189773707008403466595204838733621633273383631944856989484138444978386656058755310848833689791896484998847550364264104800800578245511762594691161545730891319744107953897993101008217601269310629890308357893793344340072837782716410520818640099771094401772024731084835860689936533035726854175396195351768096519310944631445923638053214575993378468775292865871435742249777979822775014324475845899615096380079899099538453121043851821349178371736640702645304284254885437611441690360616466368202194307769462209963387690446576691969551571041941288302648912827345194286271122230347823246073498285153708579500062656222714954113329293953346495615947784091175883554988117167387650681525781361864450364992605079129770604793291076559668041153558254765774288831330658676910296506538343982699076824147706077401185501337053676875440863113630172067902223837838525802181406003942606507609826320015193807633035586661539150425605940691768637845815434184585255915074081317250319572700370579877977177644345205933505850374212779064837146242765034714569464306865784829936445754893825213995710137567750342556762329137973387913047300554841737506800154984198686923965286147079273203561004647365286049876790788288301130050437207489067798842078443360167772245834103629301041345252122743437501935254370757049878526838283810705343010153283985958550741661374001212323172562230037290597675029278865489570268803618001520280748588481858632332145422181524500970533738858652881625738158955840469334830106366243262210429210258173978186522208306814207038831590332622155464159216193005478809313772661406449321989529908990407599717265354887081027622412165764793106246309910984757869627982700885055259900973567128498437782671492610351088858271463387495833021819318548705558606395846070390500323204636339383655528123657438115225035433947543876805317781492691295772410403746456774175666884503175504415270824258750305653788473882671038340481278188648013647450190431469737277008003041204693859153544058059108384516541261521127088116402349679151317227395183628490922161336429757386698401928682323657056924758648793848799822907606679071280964393541325129231682456669123450140879120137931548652537601508656209183486928384515842973760163601756230697826779237275078471824258664382133759876151537532598429521999758431018087001817485300919479583171049967781322202936864648780744025361452947117776701129210049872555316467204668470989130203733391349501708713181244068921199587314823974568234174792429139799088587794666528769986602820375968045445209219875596678877912103336949894142378173648692130854177898020194629670311101994938157038765957014792056173739623614871557317714453597336202068774935086409386414223375141765601758268418764114651053088281009248246110195084364468926837572992870110411414878770616397817334529367403238061699632089293543118185299881280463481800696201966723511922556078483839325067415562633057448408746541808590342228476964416681055875561781810005936328191844815915658719683522845979901018335050006246392027657149580332319739660376707180429166280658258434773362764563277134220525779869893832824866422909928484939374964071386248088592408142723646533801882861736205992781965360090000802821408763787641023437653119263757280212773694655213507075717622521160227187157631635583682130089364682543007292042009976150135189415923413244100006421082817394988300265734422677548100741829682842668334472314928702968616204691717366798642916146473018363370523427203416579250811577900985980957404830019403600361860520985937973506956557739754741783354728589350876379371163141086538418113791886622720\r\n",
        ),
        (r"incrbyfloat g 3.0e3", r"$4\r\n3000\r\n"),
        (r"incrbyfloat g 1.23456789012345678901", r"$22\r\n3001.23456789012345669\r\n"),
        (r"object encoding f", r"$6\r\nembstr\r\n"),
        (r"object encoding n", r"$3\r\nint\r\n"),
        (r"append n 5", r":3\r\n"),
        (r"object encoding n", r"$3\r\nraw\r\n"),
        (r"incr n", r":506\r\n"),
        (r"object encoding n", r"$3\r\nint\r\n"),
    ]);
}

#[test]
fn parts() {
    check(&[
        (r"set s hello", r"+OK\r\n"),
        (r"strlen s", r":5\r\n"),
        (r"strlen none", r":0\r\n"),
        (r"append s world", r":10\r\n"),
        (r"append fresh abc", r":3\r\n"),
        (r"getrange s 0 -1", r"$10\r\nhelloworld\r\n"),
        (r"getrange s -3 -1", r"$3\r\nrld\r\n"),
        (r"getrange s 3 1", r"$0\r\n\r\n"),
        (r"getrange s -1 -3", r"$0\r\n\r\n"),
        (r"getrange s -100 100", r"$10\r\nhelloworld\r\n"),
        (r"getrange s 5 5", r"$1\r\nw\r\n"),
        (r"getrange none 0 -1", r"$0\r\n\r\n"),
        (r"getrange s x 1", r"-ERR value is not an integer or out of range\r\n"),
        (r"substr s 1 3", r"$3\r\nell\r\n"),
        (r"setrange s 2 XYZ", r":10\r\n"),
        (r"get s", r"$10\r\nheXYZworld\r\n"),
        (r"setrange s 12 end", r":15\r\n"),
        (r"get s", r"$15\r\nheXYZworld\x00\x00end\r\n"),
        (r"setrange s -1 x", r"-ERR offset is out of range\r\n"),
        (r"setrange s x x", r"-ERR value is not an integer or out of range\r\n"),
        (
            r"setrange s 536870910 abc",
            r"-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n",
        ),
        (r"setrange none 2 x", r":3\r\n"),
        (r"get none", r"$3\r\n\x00\x00x\r\n"),
        (r"lpush l 1", r":1\r\n"),
        (r"append l x", r"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        (
            r"setrange l 0 x",
            r"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
        ),
        (
            r"getrange l 0 1",
            r"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
        ),
        (r"strlen l", r"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
    ]);
}

#[test]
fn longest_common_subsequence() {
    check(&[
        (r"mset k1 ohmytext k2 mynewtext", r"+OK\r\n"),
        (r"lcs k1 k2", r"$6\r\nmytext\r\n"),
        (r"lcs k1 k2 len", r":6\r\n"),
        (
            r"lcs k1 k2 idx",
            r"*4\r\n$7\r\nmatches\r\n*2\r\n*2\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n*2\r\n*2\r\n:2\r\n:3\r\n*2\r\n:0\r\n:1\r\n$3\r\nlen\r\n:6\r\n",
        ),
        (
            r"lcs k1 k2 idx minmatchlen 4",
            r"*4\r\n$7\r\nmatches\r\n*1\r\n*2\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n$3\r\nlen\r\n:6\r\n",
        ),
        (
            r"lcs k1 k2 idx minmatchlen 4 withmatchlen",
            r"*4\r\n$7\r\nmatches\r\n*1\r\n*3\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n:4\r\n$3\r\nlen\r\n:6\r\n",
        ),
        (
            r"lcs k1 k2 idx len",
            r"-ERR If you want both the length and indexes, please just use IDX.\r\n",
        ),
        (r"lcs k1 k2 foo", r"-ERR syntax error\r\n"),
        (r"lcs k1 k2 minmatchlen", r"-ERR syntax error\r\n"),
        (r"lcs k1 k2 minmatchlen x", r"-ERR value is not an integer or out of range\r\n"),
        (r"lcs k1 none", r"$0\r\n\r\n"),
        (r"lcs none none idx", r"*4\r\n$7\r\nmatches\r\n*0\r\n$3\r\nlen\r\n:0\r\n"),
        (r"lpush l 1", r":1\r\n"),
        (r"lcs k1 l", r"-ERR The specified keys must contain string values\r\n"),
    ]);
}

#[test]
fn what_goes_into_the_stream() {
    let mut bench = Bench::new();
    let at = bench.now_ms + 10_000;
    let mut check = |command: &str, dirty: u64, words: Option<&str>| {
        bench.run(command);
        let stream = words.map(|words| {
            let words: Vec<&[u8]> = words.split(' ').map(str::as_bytes).collect();
            let mut out = Vec::new();
            crate::resp::request::encode(&mut out, &words);
            out.escape_ascii().to_string()
        });
        assert_eq!((bench.effects.dirty, bench.rewritten()), (dirty, stream), "{command}");
    };
    let set_at = format!("SET k v PXAT {at}");
    check("set k v ex 10", 1, Some(&set_at));
    check("set k v px 10000 get", 1, Some(&set_at));
    check("set k v pxat 99999999999999", 1, Some("SET k v PXAT 99999999999999"));
    check("set k v get xx get", 1, Some("set k v xx"));
    check("set k v nx", 0, None);
    check("set k v", 1, None);
    check("setex k 10 v", 1, Some(&set_at));
    check("psetex k 10000 v", 1, Some(&set_at));
    check("getex k persist", 1, Some("PERSIST k"));
    check("getex k persist", 0, None);
    check("getex k ex 10", 1, Some(&format!("PEXPIREAT k {at}")));
    check("getex k", 0, None);
    check("getex k exat 1", 1, Some("DEL k"));
    check("getset k 1", 1, Some("SET k 1"));
    check("incrbyfloat k 1.5", 1, Some("SET k 2.5 KEEPTTL"));
    check("getdel k", 1, Some("DEL k"));
    check("getdel k", 0, None);
    check("mset a 1 b 2", 2, None);
    check("msetnx a 1 c 2", 0, None);
    check("incr a", 1, None);
    check("append a x", 1, None);
    check("setrange a 0 1", 1, None);
    check("incr b", 1, None);
}
