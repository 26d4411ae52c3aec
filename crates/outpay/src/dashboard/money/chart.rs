//! Bar charts and sparklines as SVG. A chart has an axis with round numbers, a legend, and for each bucket a point that shows its
//! values when it is hovered over or focused, without a script. It is as wide as its place: positions across are percentages, so
//! that words keep their size on a phone. Series stand beside each other, or on each other where their sum means something. Every
//! series has a pattern besides its colour; the page has the numbers in a table too. No text of a user is drawn, so nothing is
//! escaped. All numbers are integers.

use std::fmt::Write;

/// One series of bars.
pub struct Series {
    /// For the legend.
    pub name: &'static str,
    /// The style sheet's class.
    pub class: &'static str,
    /// What is drawn over it.
    pub pattern: Pattern,
    /// One for each bucket.
    pub values: Vec<i64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    Plain,
    Stripes,
    Dots,
}

/// What a chart shows.
pub struct Chart<'a> {
    /// Unique on its page.
    pub id: &'a str,
    pub title: &'a str,
    /// What each bucket is called in full, and under its bars.
    pub buckets: &'a [(String, String)],
    pub series: &'a [Series],
    /// On each other instead of beside each other.
    pub is_stacked: bool,
    /// A value in full.
    pub value: fn(i64) -> String,
    /// The same for the axis.
    pub tick: fn(i64) -> String,
}

/// Pixels; the style sheet gives the chart this height.
const HEIGHT: i64 = 240;
const TOP: i64 = 52;
const BASE: i64 = HEIGHT - 24;
const LEGEND: i64 = 104;
/// Hundredths of a percent: the whole width.
const WIDTH: i64 = 10_000;
/// Words under the bars.
const MOST_WORDS: usize = 5;

impl Pattern {
    fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Stripes => "stripes",
            Self::Dots => "dots",
        }
    }
}

impl Chart<'_> {
    /// The picture.
    #[must_use]
    pub fn svg(&self) -> String {
        let Self { id, title, .. } = self;
        let mut svg = format!(
            "<svg class=\"plot\" width=\"100%\" height=\"{HEIGHT}\" role=\"group\" aria-labelledby=\"{id}-title\">\
             <title id=\"{id}-title\">{title}</title>{}",
            patterns(id)
        );
        for (at, series) in (0..).zip(self.series) {
            let x = at * LEGEND;
            self.bar(&mut svg, series, &format!("x=\"{x}\" y=\"2\" width=\"12\" height=\"12\""));
            // Writing into a text cannot fail.
            let _ = write!(svg, "<text x=\"{}\" y=\"12\">{}</text>", x + 18, series.name);
        }
        let top = round_up(self.largest());
        let ticks = [top / 2, top].map(|value| (value, BASE - height(value, top, BASE - TOP)));
        for (_, y) in ticks {
            let _ = write!(svg, "<line class=\"rule\" x1=\"0\" x2=\"100%\" y1=\"{y}\" y2=\"{y}\"/>");
        }
        let _ = write!(svg, "<line class=\"axis\" x1=\"0\" x2=\"100%\" y1=\"{BASE}\" y2=\"{BASE}\"/>");
        for at in 0..self.buckets.len() {
            self.point(&mut svg, at, top);
        }
        // Over the bars, so that none hides them.
        for (value, y) in ticks {
            let tick = (self.tick)(value);
            let _ = write!(svg, "<text class=\"tick\" x=\"0\" y=\"{}\">{tick}</text>", y - 4);
        }
        self.words(&mut svg);
        svg + "</svg>"
    }

    fn largest(&self) -> i64 {
        let values = |at: usize| self.series.iter().map(move |series| value(series, at));
        let of = |at: usize| {
            if self.is_stacked {
                values(at).fold(0, i64::saturating_add)
            } else {
                values(at).max().unwrap_or(0)
            }
        };
        (0..self.buckets.len()).map(of).max().unwrap_or(0)
    }

    /// Left edge and width of a bucket.
    fn place(&self, at: usize) -> (i64, i64) {
        let count = i64::try_from(self.buckets.len().max(1)).unwrap_or(1);
        let edge = |at: usize| i64::try_from(at).unwrap_or(0) * WIDTH / count;
        (edge(at), edge(at + 1) - edge(at))
    }

    /// The bars of a bucket, and what they say.
    fn point(&self, svg: &mut String, at: usize, top: i64) {
        let (left, width) = self.place(at);
        let values =
            self.series.iter().map(|series| format!("{} {}", series.name, (self.value)(value(series, at))));
        let said = format!("{}: {}", self.buckets[at].0, values.collect::<Vec<_>>().join(", "));
        let _ = write!(
            svg,
            "<g class=\"point\" tabindex=\"0\" role=\"img\"><title>{said}</title>\
             <rect class=\"hit\" x=\"{}\" y=\"{TOP}\" width=\"{}\" height=\"{}\"/>",
            percent(left),
            percent(width),
            BASE - TOP
        );
        let columns = if self.is_stacked { 1 } else { i64::try_from(self.series.len().max(1)).unwrap_or(1) };
        // An eighth on each side keeps buckets apart.
        let (inner, column) = (left + width / 8, width * 3 / 4 / columns);
        let mut y = BASE;
        for (place, series) in (0..).zip(self.series) {
            let height = height(value(series, at), top, BASE - TOP);
            if !self.is_stacked {
                y = BASE;
            }
            y -= height;
            if height > 0 {
                let x = if self.is_stacked { inner } else { inner + place * column };
                let (x, width) = (percent(x), percent(column));
                let shape = format!("x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"");
                self.bar(svg, series, &shape);
            }
        }
        let (x, anchor) = if left * 2 < WIDTH { (0, "start") } else { (WIDTH, "end") };
        let _ = write!(
            svg,
            "<text class=\"tip\" x=\"{}\" y=\"32\" text-anchor=\"{anchor}\">{said}</text></g>",
            percent(x)
        );
    }

    fn bar(&self, svg: &mut String, series: &Series, shape: &str) {
        let _ = write!(svg, "<rect class=\"bar {}\" {shape}/>", series.class);
        if series.pattern != Pattern::Plain {
            let _ = write!(svg, "<rect {shape} fill=\"url(#{}-{})\"/>", self.id, series.pattern.word());
        }
    }

    /// A few words under the bars, counted back from the last, so that no two of them meet.
    fn words(&self, svg: &mut String) {
        let count = self.buckets.len();
        let step = count.div_ceil(MOST_WORDS).max(1);
        for at in (0..count).rev().step_by(step) {
            let (left, width) = self.place(at);
            let (x, anchor) = match at {
                0 if count > 1 => (left, "start"),
                _ if at + 1 == count && count > 1 => (WIDTH, "end"),
                _ => (left + width / 2, "middle"),
            };
            let y = HEIGHT - 8;
            let x = percent(x);
            let _ = write!(
                svg,
                "<text class=\"tick\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{}</text>",
                self.buckets[at].1
            );
        }
    }
}

fn value(series: &Series, at: usize) -> i64 {
    series.values.get(at).copied().unwrap_or(0).max(0)
}

/// Hundredths of a percent as an attribute.
fn percent(hundredths: i64) -> String {
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

/// The next number of the form 2, 4, 6, 10, 20, … whose half is whole too: the top of an axis.
fn round_up(value: i64) -> i64 {
    let mut step: i64 = 1;
    loop {
        for top in [2, 4, 6, 10] {
            match step.checked_mul(top) {
                Some(top) if top >= value => return top,
                Some(_) => {}
                None => return i64::MAX,
            }
        }
        step = step.saturating_mul(10);
    }
}

/// At least 2 pixels for any value above zero, so that it can be seen.
fn height(value: i64, top: i64, room: i64) -> i64 {
    if value == 0 {
        0
    } else {
        i64::try_from(i128::from(value) * i128::from(room) / i128::from(top)).unwrap_or(room).max(2)
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

/// A line of the values, without axis and words: the shape of a number beside it. Nothing where there is no shape to see.
#[must_use]
pub fn spark(values: &[i64]) -> String {
    const WIDE: i128 = 200;
    const HIGH: i128 = 24;
    let (Some(least), Some(most)) = (values.iter().min(), values.iter().max()) else { return String::new() };
    let last = i128::try_from(values.len() - 1).unwrap_or(0);
    if last == 0 || least == most {
        return String::new();
    }
    let (least, range) = (i128::from(*least), i128::from(*most) - i128::from(*least));
    let point = |(at, value): (i128, &i64)| {
        format!("{},{}", at * WIDE / last, HIGH - 1 - (i128::from(*value) - least) * (HIGH - 2) / range)
    };
    let points: Vec<String> = (0..).zip(values).map(point).collect();
    format!(
        "<svg class=\"spark\" viewBox=\"0 0 {WIDE} {HIGH}\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
         <polyline class=\"line\" points=\"{}\"/></svg>",
        points.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(value: i64) -> String {
        value.to_string()
    }

    fn chart(is_stacked: bool, buckets: usize, values: &[i64]) -> String {
        let buckets: Vec<_> = (0..buckets).map(|at| (format!("bucket {at}"), at.to_string())).collect();
        let series = |name, pattern| Series { name, class: "", pattern, values: values.to_vec() };
        let series = [series("Given", Pattern::Plain), series("Paid", Pattern::Dots)];
        let (value, tick) = (plain, plain);
        Chart { id: "a", title: "Both", buckets: &buckets, series: &series, is_stacked, value, tick }.svg()
    }

    #[test]
    fn what_is_small_can_be_seen_and_nothing_leaves_the_chart() {
        assert_eq!((height(0, 100, 50), height(1, 1_000_000, 50), height(100, 100, 50)), (0, 2, 50));
        assert_eq!(height(i64::MAX, i64::MAX, 50), 50);
        let svg = chart(false, 30, &[5; 30]);
        assert_eq!(svg.matches("url(#a-dots)").count(), 31, "30 bars and the legend");
        assert_eq!(svg.matches("tabindex=\"0\"").count(), 30);
        assert!(svg.contains("<title>bucket 0: Given 5, Paid 5</title>"), "{svg}");
        assert!(chart(false, 0, &[]).ends_with("</svg>"));
    }

    #[test]
    fn series_beside_each_other_are_not_added_up() {
        assert!(chart(false, 2, &[6, 6]).contains(">6</text>"), "the top of the axis");
        assert!(chart(true, 2, &[6, 6]).contains(">20</text>"), "the top of the sum 12");
    }

    #[test]
    fn axes_end_with_round_numbers() {
        for (value, top) in
            [(0, 2), (1, 2), (3, 4), (5, 6), (7, 10), (11, 20), (5_500, 6_000), (9_999, 10_000)]
        {
            assert_eq!(round_up(value), top, "{value}");
        }
        assert_eq!(round_up(i64::MAX), i64::MAX);
        assert_eq!(percent(333), "3.33%");
    }

    #[test]
    fn a_spark_has_a_point_for_each_value() {
        let svg = spark(&[0, 50, 100]);
        assert!(svg.contains("points=\"0,23 100,12 200,1\""), "{svg}");
        assert_eq!((spark(&[]), spark(&[7]), spark(&[7, 7])), (String::new(), String::new(), String::new()));
        assert!(spark(&[i64::MIN, i64::MAX]).contains("0,23 200,1"));
    }
}
