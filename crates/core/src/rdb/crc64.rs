//! CRC-64 as RDB files use it: the Jones polynomial, reflected, no inversion.

/// 0xad93d23594c935a9 with its bits reversed.
const POLYNOMIAL: u64 = 0x95ac_9329_ac4b_c9b5;

/// Bytes taken in one step natively. Each has a table of 2 KB.
const LANES: usize = 16;

static TABLES: [[u64; 256]; LANES] = tables();

const fn tables() -> [[u64; 256]; LANES] {
    let mut tables = [[0; 256]; LANES];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            crc = (crc >> 1) ^ if crc & 1 == 1 { POLYNOMIAL } else { 0 };
            bit += 1;
        }
        tables[0][byte] = crc;
        // The same byte followed by one, two... zero bytes.
        let mut lane = 1;
        while lane < LANES {
            crc = (crc >> 8) ^ tables_at_zero(crc as u8);
            tables[lane][byte] = crc;
            lane += 1;
        }
        byte += 1;
    }
    tables
}

/// One entry of the first table, computed afresh (the table itself is still being built).
const fn tables_at_zero(byte: u8) -> u64 {
    let mut crc = byte as u64;
    let mut bit = 0;
    while bit < 8 {
        crc = (crc >> 1) ^ if crc & 1 == 1 { POLYNOMIAL } else { 0 };
        bit += 1;
    }
    crc
}

/// What half a byte does, for the page: its size counts there, and tables do not compress.
static HALVES: [u64; 16] = {
    let mut table = [0; 16];
    let mut half = 0;
    while half < 16 {
        table[half] = tables_at_zero(half as u8 * 16);
        half += 1;
    }
    table
};

/// The sum of what was summed in `crc` (0 at first) followed by `bytes`.
pub fn update(crc: u64, bytes: &[u8]) -> u64 {
    if cfg!(target_family = "wasm") { by_halves(crc, bytes) } else { by_blocks(crc, bytes) }
}

fn by_halves(crc: u64, bytes: &[u8]) -> u64 {
    let half = |crc: u64| (crc >> 4) ^ HALVES[(crc & 15) as usize];
    bytes.iter().fold(crc, |crc, byte| half(half(crc ^ u64::from(*byte))))
}

fn by_blocks(crc: u64, bytes: &[u8]) -> u64 {
    let (blocks, rest) = bytes.as_chunks::<LANES>();
    let crc = blocks.iter().fold(crc, |crc, block| {
        let mut block = *block;
        for (byte, sum) in block.iter_mut().zip(crc.to_le_bytes()) {
            *byte ^= sum;
        }
        (0..LANES).fold(0, |sum, lane| sum ^ TABLES[LANES - 1 - lane][usize::from(block[lane])])
    });
    rest.iter().fold(crc, |crc, byte| (crc >> 8) ^ TABLES[0][usize::from(crc as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_check_value() {
        assert_eq!(update(0, b"123456789"), 0xe9c6_d914_c4b8_d9ca);
        assert_eq!(update(7, b""), 7);
    }

    proptest! {
        #[test]
        fn pieces_sum_to_the_whole(
            bytes in prop::collection::vec(any::<u8>(), 0..100),
            cut in any::<prop::sample::Index>(),
        ) {
            let (head, tail) = bytes.split_at(cut.index(bytes.len() + 1));
            let bytewise = bytes.iter().fold(0, |crc, byte| update(crc, &[*byte]));
            prop_assert_eq!(update(update(0, head), tail), bytewise);
            prop_assert_eq!(by_halves(by_halves(0, head), tail), bytewise);
        }
    }
}
