//! The ratios as an SVG: one bar each, scaled so that all targets lie on one line and longer is better.

use std::fmt::Write;

use crate::report::{Ratio, Target, number};

const ROW: usize = 24;
const TOP: usize = 48;
/// The start of the bars, and the position of their targets.
const LEFT: usize = 560;
const TARGET: usize = 700;
/// The number of targets after which a bar is cut, and the position of the numbers after that.
const LONGEST: f64 = 2.0;
const NUMBERS: usize = 850;
const WIDTH: usize = 1000;
const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1f2328}.met{fill:#1a7f64}.missed{fill:#c4621b}\
    line{stroke:#59636e;stroke-dasharray:4 3}@media(prefers-color-scheme:dark){text{fill:#e6edf3}\
    .met{fill:#2fa98a}.missed{fill:#e0803c}line{stroke:#9198a1}}";

/// Draws the ratios that have a target.
pub fn draw(ratios: &[&Ratio]) -> String {
    let bars: Vec<(&Ratio, f64)> =
        ratios.iter().filter_map(|ratio| Some((*ratio, reached(ratio)?))).collect();
    let height = TOP + ROW * bars.len() + 12;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"Measured ratios by their targets\">\n<style>{STYLE}</style>\n\
         <text x=\"{TARGET}\" y=\"24\" text-anchor=\"middle\">target</text>\n\
         <line x1=\"{TARGET}\" x2=\"{TARGET}\" y1=\"32\" y2=\"{height}\"/>\n"
    );
    for (index, (ratio, reached)) in bars.iter().enumerate() {
        bar(&mut out, TOP + ROW * index, ratio, *reached);
    }
    out + "</svg>\n"
}

/// Returns how far the target is reached: 1 if it is just met. `None` without a target, or if nothing can exceed it.
fn reached(ratio: &Ratio) -> Option<f64> {
    match ratio.target {
        Target::AtLeast(bound) => Some(ratio.value / bound),
        Target::AtMost(bound) if bound > 0.0 => Some(bound / ratio.value),
        Target::AtMost(_) | Target::Shown => None,
    }
}

fn bar(out: &mut String, top: usize, ratio: &Ratio, reached: f64) {
    let length = reached.min(LONGEST) * (TARGET - LEFT) as f64;
    let class = if reached >= 1.0 { "met" } else { "missed" };
    let (text, middle) = (LEFT - 10, top + 14);
    let numbers = format!("{} ({})", number(ratio.value), ratio.target.text());
    writeln!(
        out,
        "<text x=\"{text}\" y=\"{middle}\" text-anchor=\"end\">{}</text>\
         <rect class=\"{class}\" x=\"{LEFT}\" y=\"{top}\" width=\"{length:.0}\" height=\"18\" rx=\"2\"/>\
         <text x=\"{NUMBERS}\" y=\"{middle}\">{numbers}</text>",
        ratio.what
    )
    .expect("a string");
}
