//! Stacked bar charts as SVG, one bar per day. Every part has a pattern besides its colour, so that the parts can be told apart
//! without colours; the page has the numbers in a table too. No text of a user is drawn, so nothing is escaped.

use std::fmt::Write;

/// One part of every bar.
pub struct ChartPart {
    /// For the legend.
    pub name: &'static str,
    /// The style sheet's class.
    pub class: &'static str,
    /// What is drawn over it.
    pub pattern: Pattern,
    /// One for each day.
    pub values: Vec<i64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    Plain,
    Stripes,
    Dots,
}

const WIDTH: i64 = 720;
const HEIGHT: i64 = 180;
const LEFT: i64 = 8;
const TOP: i64 = 22;
const BOTTOM: i64 = 20;
const LEGEND: i64 = 110;

impl Pattern {
    fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Stripes => "stripes",
            Self::Dots => "dots",
        }
    }
}

/// The chart. `id` is unique on its page, `title` says what it shows, `days` are the words under the bars, `most` writes the
/// largest value.
#[must_use]
pub fn bars(
    id: &str,
    title: &str,
    days: &[String],
    parts: &[ChartPart],
    most: impl Fn(i64) -> String,
) -> String {
    let sums: Vec<i64> = (0..days.len())
        .map(|day| parts.iter().map(|part| part.values.get(day).copied().unwrap_or(0)).sum())
        .collect();
    let top = sums.iter().copied().max().unwrap_or(0).max(1);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"{id}-title\"><title id=\"{id}-title\">{title}</title>{}",
        patterns(id)
    );
    legend(&mut svg, id, parts);
    let base = HEIGHT - BOTTOM;
    // Writing into a text cannot fail.
    let _ = write!(
        svg,
        "<text x=\"{}\" y=\"14\" text-anchor=\"end\">most: {}</text>",
        WIDTH - LEFT,
        most(sums.iter().copied().max().unwrap_or(0))
    );
    let step = (WIDTH - 2 * LEFT) / i64::try_from(days.len().max(1)).unwrap_or(1);
    for (day, word) in days.iter().enumerate() {
        let x = LEFT + step * i64::try_from(day).unwrap_or(0);
        let mut y = base;
        for part in parts {
            let value = part.values.get(day).copied().unwrap_or(0).max(0);
            let height = height(value, top, base - TOP);
            y -= height;
            if height > 0 {
                bar(&mut svg, id, part, (x + 2, y, step - 4, height));
            }
        }
        // A date a week, counted back from the last, so that no two of them meet.
        if (days.len() - 1 - day).is_multiple_of(7) {
            let _ = write!(
                svg,
                "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{word}</text>",
                x + step / 2,
                HEIGHT - 5
            );
        }
    }
    let _ = write!(svg, "<path class=\"axis\" d=\"M{LEFT} {base}H{}\"/></svg>", WIDTH - LEFT);
    svg
}

/// At least 2 pixels for any value above zero, so that it can be seen.
fn height(value: i64, top: i64, room: i64) -> i64 {
    if value == 0 {
        0
    } else {
        i64::try_from(i128::from(value) * i128::from(room) / i128::from(top)).unwrap_or(room).max(2)
    }
}

fn bar(svg: &mut String, id: &str, part: &ChartPart, (x, y, width, height): (i64, i64, i64, i64)) {
    let place = format!("x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"");
    let _ = write!(svg, "<rect class=\"bar {}\" {place}/>", part.class);
    if part.pattern != Pattern::Plain {
        let _ = write!(svg, "<rect {place} fill=\"url(#{id}-{})\"/>", part.pattern.word());
    }
}

fn patterns(id: &str) -> String {
    format!(
        "<defs><pattern id=\"{id}-stripes\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">\
         <path d=\"M0 6L6 0\" stroke=\"#fff\" stroke-width=\"2\"/></pattern>\
         <pattern id=\"{id}-dots\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\">\
         <circle cx=\"2.5\" cy=\"2.5\" r=\"1.3\" fill=\"#fff\"/></pattern></defs>"
    )
}

fn legend(svg: &mut String, id: &str, parts: &[ChartPart]) {
    for (at, part) in (0..).zip(parts) {
        let x = LEFT + at * LEGEND;
        bar(svg, id, part, (x, 4, 12, 12));
        let _ = write!(svg, "<text x=\"{}\" y=\"14\">{}</text>", x + 18, part.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_small_can_be_seen_and_nothing_leaves_the_chart() {
        assert_eq!((height(0, 100, 50), height(1, 1_000_000, 50), height(100, 100, 50)), (0, 2, 50));
        assert_eq!(height(i64::MAX, i64::MAX, 50), 50);
        let days: Vec<String> = (1..=30).map(|day| day.to_string()).collect();
        let part = ChartPart { name: "Paid", class: "", pattern: Pattern::Dots, values: vec![5; 30] };
        let svg = bars("a", "Paid", &days, &[part], |most| most.to_string());
        assert_eq!(svg.matches("url(#a-dots)").count(), 31, "30 bars and the legend");
        assert!(svg.contains("most: 5"));
        let empty = bars("a", "Nothing", &[], &[], |most| most.to_string());
        assert!(empty.contains("most: 0"));
    }
}
