//! The figures: printed as they come, and kept for JSON.

use serde_json::{Value, json};

/// Which way is better.
#[derive(Clone, Copy)]
pub(crate) enum Better {
    /// Rates.
    More,
    /// Times and sizes.
    Less,
}

/// All figures of a run.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Value>,
}

impl Report {
    /// Begins a table.
    pub(crate) fn title(&mut self, text: &str) {
        println!("\n{text}");
        println!(
            "{:<22} {:<22} {:>10} {:>10} {:>8}",
            "", "(medians)", "redis", "lockstep", "ratio"
        );
    }

    /// A figure of both servers: redis, then lockstep.
    pub(crate) fn pair(
        &mut self,
        row: &str,
        what: &str,
        unit: &str,
        better: Better,
        [redis, lockstep]: [f64; 2],
    ) {
        let ratio = lockstep / redis;
        let good = match better {
            Better::More => ratio >= 1.0,
            Better::Less => ratio <= 1.0,
        };
        let mark = if good { "" } else { "  behind" };
        let what_unit = format!("{what} ({unit})");
        println!("{row:<22} {what_unit:<22} {redis:>10.2} {lockstep:>10.2} {ratio:>7.2}x{mark}");
        self.rows.push(json!({
            "row": row, "what": what, "unit": unit,
            "redis": redis, "lockstep": lockstep, "ratio": ratio,
        }));
    }

    /// A figure of a pairing, beside that of redis to redis.
    pub(crate) fn against(&mut self, row: &str, what: &str, unit: &str, value: f64, base: f64) {
        let ratio = value / base;
        let what_unit = format!("{what} ({unit})");
        println!("{row:<22} {what_unit:<28} {base:>4.2} {value:>10.2} {ratio:>7.2}x");
        self.rows.push(json!({
            "row": row, "what": what, "unit": unit,
            "redis_to_redis": base, "value": value, "ratio": ratio,
        }));
    }

    /// Everything, for machines.
    pub(crate) fn json(&self) -> Value {
        json!({ "reference": "redis-server", "figures": self.rows })
    }
}
