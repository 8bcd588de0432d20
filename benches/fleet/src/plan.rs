//! The figures of `docs/capacity.md`: what a fleet asks of its database.

use std::fmt::Write as _;

use crate::fleet::{Affinity, Restart, Settings, simulate};
use crate::report::Report;

/// A fleet that is planned for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    /// How many origins there are.
    pub origins: usize,
    /// How many replicas there are.
    pub replicas: usize,
    /// How many requests pages want to send in a second, preflights not counted.
    pub rate: u64,
    /// The Max-Age of every policy.
    pub max_age: u64,
    /// How the load balancer chooses a replica.
    pub affinity: Affinity,
}

const fn plan(origins: usize, replicas: usize, rate: u64) -> Plan {
    Plan {
        origins,
        replicas,
        rate,
        max_age: 600,
        affinity: Affinity::None,
    }
}

/// The fleets of the first table, with a Max-Age of 600 s.
pub const SIZES: [Plan; 8] = [
    plan(1_000, 2, 100),
    plan(1_000, 10, 1_000),
    plan(10_000, 10, 1_000),
    plan(100_000, 10, 1_000),
    plan(1_000_000, 10, 1_000),
    plan(10_000, 100, 2_000),
    plan(100_000, 100, 2_000),
    plan(1_000_000, 100, 2_000),
];

/// The values of Max-Age of the second table and of the plot.
pub const MAX_AGES: [u64; 4] = [60, 200, 600, 1_800];

/// The fleets of the second table, and the lines of the plot.
pub const LINES: [Plan; 4] = [
    plan(1_000, 2, 100),
    plan(10_000, 10, 1_000),
    plan(100_000, 100, 2_000),
    Plan {
        affinity: Affinity::Origin,
        ..plan(100_000, 100, 2_000)
    },
];

impl Plan {
    /// Returns the same fleet with another Max-Age.
    pub fn with_max_age(self, max_age: u64) -> Self {
        Self { max_age, ..self }
    }

    /// Returns how the tables call the fleet.
    pub fn name(&self) -> String {
        let affinity = match self.affinity {
            Affinity::None => "",
            Affinity::Browser => ", each browser stays at its replica",
            Affinity::Origin => ", each origin stays at its replica",
        };
        format!(
            "{} origins, {} replicas, {} requests a second{affinity}",
            grouped(self.origins as u64),
            self.replicas,
            grouped(self.rate),
        )
    }

    /// Returns the settings of its simulation. All replicas restart at once when a whole Max-Age has been observed.
    pub fn settings(&self) -> Settings {
        let max_age = self.max_age as f64;
        let restart = 2.5 * max_age;
        Settings {
            origins: self.origins,
            replicas: self.replicas,
            rate: self.rate as f64,
            pages: 5 * self.origins.min(200_000),
            max_age: self.max_age,
            affinity: self.affinity,
            warm_up: 1.5 * max_age,
            duration: restart + 0.4 * max_age,
            restart: Some(Restart {
                at: restart,
                takes: 0.0,
            }),
            // Rejections are kept for a few seconds only, so revoked origins would hide what the others cost.
            revocations: 0.0,
            // Nothing is evicted, so that the figures depend on the seed alone.
            capacity: 2 * self.origins + 10_000,
            ..Settings::default()
        }
    }

    /// Simulates the fleet. Returns its figures, from which tables are made.
    pub fn figures(&self) -> Figures {
        let settings = self.settings();
        Figures::of(&settings, &simulate(&settings))
    }

    /// Returns how many requests pages send in its simulation.
    pub fn requests(&self) -> u64 {
        (self.settings().duration * self.rate as f64) as u64
    }
}

/// The figures of a fleet, as the tables have them.
#[derive(Clone, PartialEq, Debug)]
pub struct Figures {
    /// The mean of lookups a second, before the restart.
    pub mean: u64,
    /// The most lookups in a second after the restart.
    pub peak: u64,
    /// The share of requests whose decision was cached, in percent.
    pub cached: u64,
    /// How many origins a replica met in the first Max-Age.
    pub origins: u64,
    /// Entries that were evicted, of which there must be none.
    pub evictions: u64,
}

impl Figures {
    fn of(settings: &Settings, report: &Report) -> Self {
        let restart = settings.observed_from();
        let warm = report.lookups.get(report.warm..restart);
        let warm = warm.unwrap_or_default();
        let mean = warm.iter().sum::<u64>() as f64 / warm.len().max(1) as f64;
        Self {
            mean: mean.round() as u64,
            peak: report.peak_lookups(restart, usize::MAX),
            cached: (100.0 * report.hit_rate()).round() as u64,
            origins: report.entries_in_max_age as u64,
            evictions: report.evictions,
        }
    }

    /// Returns the fleet's row of the first table.
    pub fn row(&self, plan: &Plan) -> String {
        let Plan {
            origins,
            replicas,
            rate,
            ..
        } = plan;
        format!(
            "| {} | {replicas} | {} | {} | {} | {} % | {} |",
            grouped(*origins as u64),
            grouped(*rate),
            grouped(self.mean),
            grouped(self.peak),
            self.cached,
            grouped(self.origins),
        )
    }
}

/// Returns a row of the third table: the time from a revocation to the last use by a page, for this Max-Age.
pub fn revocation_row(max_age: u64) -> (String, u64) {
    let fleet = Plan {
        rate: 500,
        max_age,
        ..plan(10_000, 10, 500)
    };
    let settings = Settings {
        restart: None,
        revocations: 600.0,
        duration: 600.0 + 2.5 * max_age as f64,
        ..fleet.settings()
    };
    let report = simulate(&settings);
    let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| report.last_uses.quantile(share));
    let row = format!(
        "| {} s | {p50:.0} s | {p99:.0} s | {max:.0} s |",
        grouped(max_age)
    );
    (row, report.violations)
}

/// Returns a row of the second table: lookups a second for each Max-Age.
pub fn line_row(plan: &Plan, means: [u64; MAX_AGES.len()]) -> String {
    let mut row = format!("| {} |", plan.name());
    for mean in means {
        // Writing to a text does not fail.
        let _ = write!(row, " {} |", grouped(mean));
    }
    row
}

/// Returns a number as people read it.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
/// The edges of the plot.
const LEFT: f64 = 60.0;
const RIGHT: f64 = 460.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 350.0;
/// The lookups a second at the bottom and at the top.
const LEAST: f64 = 1.0;
const MOST: f64 = 10_000.0;

/// Returns the plot of the second table: lookups a second by Max-Age, both logarithmic.
pub fn plot(lines: &[(Plan, [u64; MAX_AGES.len()])]) -> String {
    let share = |value: f64, least: f64, most: f64| (value / least).ln() / (most / least).ln();
    let first = MAX_AGES[0] as f64;
    let last = MAX_AGES[MAX_AGES.len() - 1] as f64;
    let x = |max_age: u64| LEFT + (RIGHT - LEFT) * share(max_age as f64, first, last);
    let y =
        |lookups: u64| BOTTOM - (BOTTOM - TOP) * share((lookups as f64).max(LEAST), LEAST, MOST);
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12" role="img">
<title>Lookups a second by Max-Age</title>
<style>
.back {{ fill: #ffffff }} text {{ fill: #24292f }} .grid {{ stroke: #d0d7de }} .line {{ fill: none; stroke-width: 2 }}
.a {{ stroke: #0550ae }} .b {{ stroke: #116329 }} .c {{ stroke: #a40e26 }} .d {{ stroke: #8250df }}
@media (prefers-color-scheme: dark) {{
.back {{ fill: #0d1117 }} text {{ fill: #e6edf3 }} .grid {{ stroke: #3d444d }}
.a {{ stroke: #79c0ff }} .b {{ stroke: #7ee787 }} .c {{ stroke: #ff7b72 }} .d {{ stroke: #d2a8ff }}
}}
</style>
<rect class="back" width="{WIDTH}" height="{HEIGHT}"/>
<text x="{LEFT}" y="22">Lookups a second at the database, by Max-Age</text>
"##
    );
    for lookups in [1, 10, 100, 1_000, 10_000] {
        let (y, label) = (y(lookups), grouped(lookups));
        let _ = writeln!(
            svg,
            r#"<path class="grid" d="M{LEFT} {y:.1}H{RIGHT}"/><text x="{:.1}" y="{:.1}" text-anchor="end">{label}</text>"#,
            LEFT - 8.0,
            y + 4.0
        );
    }
    for max_age in MAX_AGES {
        let _ = writeln!(
            svg,
            r#"<text x="{:.1}" y="{:.1}" text-anchor="middle">{} s</text>"#,
            x(max_age),
            BOTTOM + 20.0,
            grouped(max_age)
        );
    }
    for ((plan, means), class) in lines.iter().zip(["a", "b", "c", "d"]) {
        let points: Vec<String> = MAX_AGES
            .iter()
            .zip(means)
            .map(|(max_age, mean)| format!("{:.1} {:.1}", x(*max_age), y(*mean)))
            .collect();
        let end = y(means[means.len() - 1]);
        let affinity = match plan.affinity {
            Affinity::None => "any replica",
            Affinity::Browser => "the browser's replica",
            Affinity::Origin => "the origin's replica",
        };
        let _ = writeln!(
            svg,
            r#"<path class="line {class}" d="M{}"/><text x="{:.1}" y="{:.1}">{} origins, {} replicas,<tspan x="{:.1}" dy="14">{} requests/s, {affinity}</tspan></text>"#,
            points.join("L"),
            RIGHT + 8.0,
            end - 3.0,
            grouped(plan.origins as u64),
            plan.replicas,
            RIGHT + 8.0,
            grouped(plan.rate),
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// Returns the line of Markdown that gives the plot its name, with the picture in it: `rustdoc` copies no pictures.
pub fn plot_link(svg: &str) -> String {
    format!(
        "[lookups]: data:image/svg+xml;base64,{}\n",
        base64(svg.as_bytes())
    )
}

/// <https://www.rfc-editor.org/rfc/rfc4648#section-4>
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            if digit <= chunk.len() {
                let value = bits >> (18 - 6 * digit) & 63;
                text.push(char::from(DIGITS[value as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_that_of_the_standard() {
        // <https://www.rfc-editor.org/rfc/rfc4648#section-10>
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
