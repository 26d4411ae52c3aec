//! The text formats of metrics: OpenMetrics 1.0 where the scraper asks for it, else Prometheus's own
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>), which `promtool check metrics` and older scrapers read. Theirs
//! differ in the names of counters, in the type `info`, and in the last line.

use http::HeaderMap;
use http::header::ACCEPT;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exposition {
    OpenMetrics,
    Prometheus,
}

impl Exposition {
    pub(super) fn asked_for(headers: &HeaderMap) -> Self {
        let accepts = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut kinds = accepts.flat_map(|value| value.split(','));
        if kinds.any(|kind| kind.trim().starts_with("application/openmetrics-text")) {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    pub(super) fn text(self, registry: &Registry) -> String {
        let mut text = String::new();
        encode(&mut text, registry).expect("a String takes any text");
        match self {
            Self::OpenMetrics => text,
            Self::Prometheus => in_prometheus_format(&text),
        }
    }
}

/// Each family begins with `# HELP name …` and `# TYPE name …`, in this order.
fn in_prometheus_format(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    let mut help = None;
    for line in open_metrics.lines().filter(|line| *line != "# EOF" && !line.starts_with("# UNIT ")) {
        if let Some(said) = line.strip_prefix("# HELP ") {
            help = said.split_once(' ');
            continue;
        }
        let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|typed| typed.split_once(' ')) else {
            text.push_str(line);
            text.push('\n');
            continue;
        };
        let (suffix, kind) = match kind {
            "counter" => ("_total", kind),
            "info" => ("_info", "gauge"),
            _ => ("", kind),
        };
        if let Some((_, help)) = help.take() {
            text.push_str(&format!("# HELP {name}{suffix} {help}\n"));
        }
        text.push_str(&format!("# TYPE {name}{suffix} {kind}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::gauge::Gauge;
    use prometheus_client::metrics::info::Info;

    #[test]
    fn both_formats_name_counters_by_their_rules() {
        let mut registry = Registry::with_prefix("shop");
        let (sales, open): (Counter, Gauge) = Default::default();
        sales.inc();
        open.set(3);
        registry.register("sales", "Sales", sales);
        registry.register("open", "Open orders", open);
        registry.register("build", "The program", Info::new([("version", "1")]));
        let open_metrics = Exposition::OpenMetrics.text(&registry);
        assert!(open_metrics.contains("# TYPE shop_sales counter\nshop_sales_total 1\n"), "{open_metrics}");
        assert!(open_metrics.ends_with("# EOF\n"));
        assert_eq!(
            Exposition::Prometheus.text(&registry),
            "# HELP shop_sales_total Sales.\n# TYPE shop_sales_total counter\nshop_sales_total 1\n\
             # HELP shop_open Open orders.\n# TYPE shop_open gauge\nshop_open 3\n\
             # HELP shop_build_info The program.\n# TYPE shop_build_info gauge\nshop_build_info{version=\"1\"} 1\n"
        );
    }

    #[test]
    fn a_scraper_gets_what_it_accepts() {
        let asked = |accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, accept.parse().unwrap());
            Exposition::asked_for(&headers)
        };
        assert_eq!(asked("text/plain;version=0.0.4;q=0.3,*/*;q=0.1"), Exposition::Prometheus);
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3";
        assert_eq!(asked(prometheus), Exposition::OpenMetrics);
        assert_eq!(Exposition::asked_for(&HeaderMap::new()), Exposition::Prometheus);
    }
}
