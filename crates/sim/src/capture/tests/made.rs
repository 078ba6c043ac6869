//! Captures made by tests, packet by packet.

/// How a capture is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    /// A `LINKTYPE_` number.
    pub(super) link: u16,
    pub(super) big: bool,
    pub(super) nanos: bool,
    pub(super) ng: bool,
    pub(super) six: bool,
    /// Bytes kept of each packet.
    pub(super) snap: usize,
}

pub(super) const PLAIN: Form =
    Form { link: 1, big: false, nanos: false, ng: false, six: false, snap: 65_535 };

/// A TCP segment: from the client or not, flags, sequence and acknowledgement, payload.
#[derive(Debug, Clone)]
pub(super) struct Seg {
    pub(super) side: usize,
    pub(super) port: u16,
    pub(super) flags: u8,
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) data: Vec<u8>,
}

pub(super) const FIN: u8 = 1;
pub(super) const SYN: u8 = 2;
pub(super) const RST: u8 = 4;
pub(super) const ACK: u8 = 16;

const SERVER: u16 = 6380;

/// The segments of a connection: its beginning, what each side says in turn, its end.
pub(super) fn said(port: u16, all: &[(usize, &[u8])]) -> Vec<Seg> {
    let mut next = [u32::MAX - 5, 7_000];
    let seg = |side: usize, flags, next: &[u32; 2], data: &[u8]| Seg {
        side,
        port,
        flags,
        seq: next[side],
        ack: if flags & ACK == 0 { 0 } else { next[1 - side] },
        data: data.to_vec(),
    };
    let mut segs = vec![seg(0, SYN, &next, b"")];
    next[0] = next[0].wrapping_add(1);
    segs.push(seg(1, SYN | ACK, &next, b""));
    next[1] += 1;
    for (side, data) in all {
        segs.push(seg(*side, ACK, &next, data));
        next[*side] = next[*side].wrapping_add(data.len() as u32);
    }
    segs
}

fn packet(seg: &Seg, form: Form) -> Vec<u8> {
    let mut tcp = Vec::new();
    let ports = if seg.side == 0 { [seg.port, SERVER] } else { [SERVER, seg.port] };
    ports.iter().for_each(|port| tcp.extend(port.to_be_bytes()));
    tcp.extend(seg.seq.to_be_bytes());
    tcp.extend(seg.ack.to_be_bytes());
    tcp.extend([0x50, seg.flags, 1, 0, 0, 0, 0, 0]);
    tcp.extend(&seg.data);
    let mut ip = Vec::new();
    let hosts = if seg.side == 0 { [2, 1] } else { [1, 2] };
    if form.six {
        ip.extend([0x60, 0, 0, 0]);
        ip.extend((tcp.len() as u16).to_be_bytes());
        ip.extend([6, 64]);
        for host in hosts {
            ip.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host]);
        }
    } else {
        ip.extend([0x45, 0]);
        ip.extend((20 + tcp.len() as u16).to_be_bytes());
        ip.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
        hosts.iter().for_each(|host| ip.extend([10, 0, 0, *host]));
    }
    ip.extend(tcp);
    let kind: u16 = if form.six { 0x86dd } else { 0x0800 };
    let mut frame = Vec::new();
    match form.link {
        0 => frame.extend(if form.six { 30_u32 } else { 2 }.to_le_bytes()),
        1 => {
            frame.extend([0; 12]);
            // With a VLAN tag.
            frame.extend([0x81, 0, 0, 5]);
            frame.extend(kind.to_be_bytes());
        }
        113 => {
            frame.extend([0; 14]);
            frame.extend(kind.to_be_bytes());
        }
        276 => {
            frame.extend(kind.to_be_bytes());
            frame.extend([0; 18]);
        }
        _ => {}
    }
    frame.extend(ip);
    frame
}

/// The file.
pub(super) fn file(segs: &[Seg], form: Form) -> Vec<u8> {
    let mut out = Vec::new();
    let word = |out: &mut Vec<u8>, n: u32| {
        out.extend(if form.big { n.to_be_bytes() } else { n.to_le_bytes() });
    };
    let half = |out: &mut Vec<u8>, n: u16| {
        out.extend(if form.big { n.to_be_bytes() } else { n.to_le_bytes() });
    };
    if form.ng {
        [0x0a0d_0d0a, 28, 0x1a2b_3c4d].iter().for_each(|n| word(&mut out, *n));
        [1, 0].iter().for_each(|n| half(&mut out, *n));
        [u32::MAX, u32::MAX, 28].iter().for_each(|n| word(&mut out, *n));
        [1, 32].iter().for_each(|n| word(&mut out, *n));
        [form.link, 0].iter().for_each(|n| half(&mut out, *n));
        word(&mut out, 0);
        // if_tsresol
        [9, 1].iter().for_each(|n| half(&mut out, *n));
        out.extend([if form.nanos { 9 } else { 6 }, 0, 0, 0]);
        word(&mut out, 0);
        word(&mut out, 32);
    } else {
        word(&mut out, if form.nanos { 0xa1b2_3c4d } else { 0xa1b2_c3d4 });
        [2, 4].iter().for_each(|n| half(&mut out, *n));
        [0, 0, 65_535, u32::from(form.link)].iter().for_each(|n| word(&mut out, *n));
    }
    for (index, seg) in segs.iter().enumerate() {
        let packet = packet(seg, form);
        let kept = &packet[..packet.len().min(form.snap)];
        let micros = 1_700_000_000_000_000 + index as u64 * 1_500;
        if form.ng {
            let ticks = if form.nanos { micros * 1_000 } else { micros };
            let padded = kept.len().next_multiple_of(4);
            let len = 32 + padded as u32;
            [6, len, 0, (ticks >> 32) as u32, ticks as u32].iter().for_each(|n| word(&mut out, *n));
            [kept.len() as u32, packet.len() as u32].iter().for_each(|n| word(&mut out, *n));
            out.extend(kept);
            out.resize(out.len() + padded - kept.len(), 0);
            word(&mut out, len);
        } else {
            let part = micros % 1_000_000 * if form.nanos { 1_000 } else { 1 };
            word(&mut out, (micros / 1_000_000) as u32);
            word(&mut out, part as u32);
            [kept.len() as u32, packet.len() as u32].iter().for_each(|n| word(&mut out, *n));
            out.extend(kept);
        }
    }
    out
}

/// A command.
pub(super) fn command(words: &str) -> Vec<u8> {
    let words: Vec<&str> = words.split(' ').collect();
    let mut out = format!("*{}\r\n", words.len());
    words.iter().for_each(|word| out.push_str(&format!("${}\r\n{word}\r\n", word.len())));
    out.into_bytes()
}
