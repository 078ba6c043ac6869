//! `LATENCY GRAPH`: samples as a drawing in ASCII, as redis-server 7.0.15 draws them.

/// Columns of a drawing; more samples make another drawing below it.
const COLUMNS: usize = 80;
/// Lines of a drawing.
const ROWS: usize = 4;
/// Heights that one character can show, the lowest first; `|` is what is below.
const HEIGHTS: [char; 3] = ['_', 'o', '#'];

/// Draws `samples` (seconds, milliseconds), each with its age at the second `now` written
/// downwards below it. `worst` is the longest ever seen, in milliseconds.
pub(super) fn graph(event: &str, samples: &[(u64, u64)], worst: u64, now: u64) -> String {
    let millis = || samples.iter().map(|(_, millis)| *millis);
    let (high, low) = (millis().max().unwrap_or(0), millis().min().unwrap_or(0));
    let mut text = format!("{event} - high {high} ms, low {low} ms (all time high {worst} ms)\n");
    text.extend(std::iter::repeat_n('-', COLUMNS));
    text.push('\n');
    let steps = HEIGHTS.len() * ROWS;
    let step = |millis: u64| {
        let step = (millis - low) as usize * steps / ((high - low) as usize).max(1);
        step.min(steps - 1)
    };
    for (number, part) in samples.chunks(COLUMNS).enumerate() {
        if number > 0 {
            text.push('\n');
        }
        for row in (0..ROWS).rev() {
            let below = row * HEIGHTS.len();
            text.extend(part.iter().map(|(_, millis)| match step(*millis).checked_sub(below) {
                None => ' ',
                Some(above) => HEIGHTS.get(above).copied().unwrap_or('|'),
            }));
            text.push('\n');
        }
        let ages: Vec<String> = part.iter().map(|(at, _)| age(now.saturating_sub(*at))).collect();
        // An empty line between the drawing and the ages.
        let longest = ages.iter().map(String::len).max().unwrap_or(0);
        for line in 0..=longest {
            let letter = |age: &String| {
                let letter = line.checked_sub(1).and_then(|place| age.as_bytes().get(place));
                letter.copied().unwrap_or(b' ') as char
            };
            text.extend(ages.iter().map(letter));
            text.push('\n');
        }
    }
    text
}

/// So many seconds in the largest unit that fits.
fn age(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    /// The samples and the drawing are redis-server 7.0.15's.
    #[test]
    fn spikes_are_drawn_as_redis_draws_them() {
        let millis = [3, 5, 10, 20, 2, 40, 15];
        let samples: Vec<(u64, u64)> =
            millis.iter().enumerate().map(|(at, millis)| (at as u64, *millis)).collect();
        expect![[r"
            command - high 40 ms, low 2 ms (all time high 40 ms)
            --------------------------------------------------------------------------------
                 # 
                 | 
               # |o
            __#|_||
                   
            7654321
            sssssss
        "]]
        .assert_eq(&graph("command", &samples, 40, 7));
    }

    #[test]
    fn equal_spikes_lie_on_the_ground() {
        expect![[r"
            command - high 5 ms, low 5 ms (all time high 9 ms)
            --------------------------------------------------------------------------------
              
              
              
            __
              
            12
            dm
        "]]
        .assert_eq(&graph("command", &[(13_600, 5), (99_900, 5)], 9, 100_050));
    }

    #[test]
    fn a_drawing_is_eighty_columns_wide() {
        let samples: Vec<(u64, u64)> = (0..100).map(|at| (at, at)).collect();
        let text = graph("command", &samples, 99, 100);
        let widths: Vec<usize> = text.lines().skip(2).map(str::len).collect();
        assert_eq!(widths, [[80; 8].as_slice(), &[0], &[20; 8]].concat());
    }
}
