//! The result of a measurement: tables, and ratios with their targets.

use crate::table;

/// The result of one measurement.
#[derive(Default)]
pub struct Report {
    /// Tables, each with its title and a head as the first row.
    pub tables: Vec<(String, Vec<Vec<String>>)>,
    /// Ratios, with or without a target.
    pub ratios: Vec<Ratio>,
}

/// One number that compares two sides of the same run.
pub struct Ratio {
    /// The two sides.
    pub what: String,
    /// The number.
    pub value: f64,
    /// Its target.
    pub target: Target,
}

/// The target of a number.
#[derive(Clone, Copy)]
pub enum Target {
    AtLeast(f64),
    AtMost(f64),
    /// None: the number is only shown.
    Shown,
}

impl Target {
    /// Returns its text in tables.
    pub fn text(self) -> String {
        match self {
            Self::AtLeast(bound) => format!("≥ {bound}"),
            Self::AtMost(bound) => format!("≤ {bound}"),
            Self::Shown => String::new(),
        }
    }

    /// Returns whether `value` meets the target; `None` if there is none.
    pub fn is_met_by(self, value: f64) -> Option<bool> {
        match self {
            Self::AtLeast(bound) => Some(value >= bound),
            Self::AtMost(bound) => Some(value <= bound),
            Self::Shown => None,
        }
    }
}

impl Ratio {
    /// Returns a row of the table of ratios.
    pub fn row(&self) -> Vec<String> {
        let verdict = match self.target.is_met_by(self.value) {
            Some(true) => "met",
            Some(false) => "not met",
            None => "",
        };
        vec![self.what.clone(), number(self.value), self.target.text(), verdict.to_owned()]
    }
}

/// Formats a number with two decimals, or none if it is large.
pub fn number(value: f64) -> String {
    if value < 100.0 { format!("{value:.2}") } else { format!("{value:.0}") }
}

impl Report {
    /// Adds a table.
    pub fn table(&mut self, title: impl Into<String>, rows: Vec<Vec<String>>) {
        self.tables.push((title.into(), rows));
    }

    /// Adds a ratio.
    pub fn ratio(&mut self, what: impl Into<String>, value: f64, target: Target) {
        self.ratios.push(Ratio { what: what.into(), value, target });
    }

    /// Prints it all.
    pub fn print(&self) {
        for (title, rows) in &self.tables {
            println!("{title}");
            table::print(rows);
            println!();
        }
        if !self.ratios.is_empty() {
            let head = table::row(&["ratio", "value", "target", ""]);
            table::print(&[head].into_iter().chain(self.ratios.iter().map(Ratio::row)).collect::<Vec<_>>());
        }
    }
}
