//! The counters of `INFO hallpass` as metrics.

use super::text::Text;
use hallpass_client::NodeInfo;

/// The module's counters by their INFO field, with their help texts.
const COUNTERS: [(&str, &str); 16] = [
    ("issued", "Sessions begun."),
    ("refreshed", "Rotations."),
    ("retried", "Exchanges that were asked again and answered the same."),
    ("shared", "Older tokens of shared sessions that were answered."),
    ("reused", "Sessions ended because an old refresh token came back."),
    ("recovered", "Refresh tokens ahead of a store that had lost a rotation."),
    ("revoked", "Sessions ended on request."),
    ("evicted", "Sessions ended to make room for another."),
    ("verified", "Access tokens found valid."),
    ("verify_cache_hits", "Of these, those whose signature had been checked before."),
    ("invalid", "Tokens refused as invalid."),
    ("expired", "Tokens refused as expired."),
    ("stale", "Access tokens refused because the claims had changed."),
    ("unreadable_records", "Session records that could not be read."),
    ("receipts_kept", "Proofs of receipt that were remembered."),
    ("receipts_dropped", "Of these, those that had to make room for newer ones."),
];

/// The module's gauges by their INFO field, with their help texts.
const GAUGES: [(&str, &str); 3] = [
    ("keyring_stale", "Whether the keyring file is newer than the keyring in use."),
    ("users_estimate", "Users with a live session, estimated from a sample; on primaries."),
    ("sessions_estimate", "Live sessions, estimated from a sample; on primaries."),
];

/// The settings that answer the question how late a retry may come, in seconds.
const WINDOWS: [(&str, &str); 2] = [
    ("race_window", "How long after a rotation a retry is answered in any case."),
    ("retry_window", "How long it is answered while nothing shows that the first answer arrived."),
];

/// Appends the metrics that these sections contain; other versions of the module may lack some.
pub fn render(text: &mut Text, infos: &[NodeInfo]) {
    for (name, help) in COUNTERS {
        let metric = format!("hallpass_{name}_total");
        family(text, (&metric, "counter", help), infos, |info| number(info, name));
    }
    for (name, help) in GAUGES {
        let metric = format!("hallpass_{name}");
        family(text, (&metric, "gauge", help), infos, |info| number(info, name));
    }
    let help = "Settings of Redis under which sessions get lost; INFO hallpass names them.";
    family(text, ("hallpass_warnings", "gauge", help), infos, warnings);
    for (name, help) in WINDOWS {
        let metric = format!("hallpass_{name}_seconds");
        family(text, (&metric, "gauge", help), infos, |info| number(info, name));
    }
    render_retry_delays(text, infos);
}

/// Returns the labels of a server's samples: none if there is only one server.
pub fn labels(server: &NodeInfo) -> Vec<(&str, &str)> {
    server.node.iter().map(|node| ("node", node.as_str())).collect()
}

/// Appends a family with a sample of each server that has one, or nothing if none has.
fn family(
    text: &mut Text,
    (name, kind, help): (&str, &str, &str),
    infos: &[NodeInfo],
    value: impl Fn(&str) -> Option<u64>,
) {
    let value = |server: &NodeInfo| value(server.info.as_deref()?);
    let mut samples = infos.iter().filter_map(|server| Some((server, value(server)?))).peekable();
    if samples.peek().is_some() {
        text.family(name, kind, help);
    }
    for (server, value) in samples {
        text.sample(name, &labels(server), value);
    }
}

/// Returns a field of the section by its name without prefix.
fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    let value = |line: &'a str| line.strip_prefix("hallpass_")?.strip_prefix(name)?.strip_prefix(':');
    info.lines().find_map(value).map(str::trim)
}

fn number(info: &str, name: &str) -> Option<u64> {
    field(info, name)?.parse().ok()
}

/// Counts the warnings.
fn warnings(info: &str) -> Option<u64> {
    let texts = field(info, "warnings")?.split(';');
    Some(texts.filter(|text| !text.trim().is_empty()).map(|_| 1).sum())
}

/// Parses the buckets of `le_100ms=3,…,more=0`: an upper bound in ms, `None` for the last, and a count.
fn retry_delays(field: &str) -> Option<Vec<(Option<u64>, u64)>> {
    let bucket = |pair: &str| {
        let (label, count) = pair.split_once('=')?;
        let bound = match label {
            "more" => None,
            _ => Some(label.strip_prefix("le_")?.strip_suffix("ms")?.parse().ok()?),
        };
        Some((bound, count.parse().ok()?))
    };
    field.split(',').map(bucket).collect()
}

/// Appends the histogram of retry delays. It has no sum, because the module does not keep one.
fn render_retry_delays(text: &mut Text, infos: &[NodeInfo]) {
    const NAME: &str = "hallpass_retry_delay_seconds";
    let buckets = |server: &NodeInfo| retry_delays(field(server.info.as_deref()?, "retry_delay")?);
    let mut servers = infos.iter().filter_map(|server| Some((labels(server), buckets(server)?))).peekable();
    if servers.peek().is_some() {
        text.family(NAME, "histogram", "How long after the rotation a retry came.");
    }
    for (labels, buckets) in servers {
        let mut below = 0;
        for (bound, count) in buckets {
            below += count;
            let bound = bound.map_or("+Inf".to_owned(), |ms| (ms as f64 / 1000.0).to_string());
            text.sample(&format!("{NAME}_bucket"), &[&labels[..], &[("le", &bound)]].concat(), below);
        }
        text.sample(&format!("{NAME}_count"), &labels, below);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(node: Option<&str>, info: &str) -> NodeInfo {
        NodeInfo { node: node.map(str::to_owned), info: Some(info.to_owned()) }
    }

    #[test]
    fn the_section_becomes_metrics_and_its_texts_do_not() {
        let info = "# hallpass_stats\r\nhallpass_issued:7\r\nhallpass_verified:2\r\nhallpass_verify_cache_hits:1\r\n\
                    hallpass_retry_delay:le_100ms=1,le_1000ms=2,more=3\r\nhallpass_issuer:https://a\r\n\
                    hallpass_keyring_stale:1\r\nhallpass_users_estimate:5\r\nhallpass_warnings:one; two\r\nhallpass_race_window:10\r\n";
        let mut text = Text::default();
        render(&mut text, &[server(None, info)]);
        let text = text.into_string();
        for line in [
            "# TYPE hallpass_issued_total counter",
            "hallpass_issued_total 7",
            "hallpass_verified_total 2",
            "hallpass_verify_cache_hits_total 1",
            "hallpass_keyring_stale 1",
            "# TYPE hallpass_users_estimate gauge",
            "hallpass_users_estimate 5",
            "hallpass_warnings 2",
            "hallpass_race_window_seconds 10",
            r#"hallpass_retry_delay_seconds_bucket{le="0.1"} 1"#,
            r#"hallpass_retry_delay_seconds_bucket{le="1"} 3"#,
            r#"hallpass_retry_delay_seconds_bucket{le="+Inf"} 6"#,
            "hallpass_retry_delay_seconds_count 6",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}: {text}");
        }
        assert!(!text.contains("https://a") && !text.contains("hallpass_stale_total"), "{text}");
    }

    #[test]
    fn each_node_of_a_cluster_has_its_samples_in_one_family() {
        let mut text = Text::default();
        let away = NodeInfo { node: Some("c:3".into()), info: None };
        let nodes = [("a:1", 7), ("b:2", 8)].map(|(node, issued)| {
            server(Some(node), &format!("hallpass_issued:{issued}\r\nhallpass_retry_delay:more=3\r\n"))
        });
        render(&mut text, &[&nodes[..], &[away]].concat());
        let text = text.into_string();
        let family = "hallpass_issued_total{node=\"a:1\"} 7\nhallpass_issued_total{node=\"b:2\"} 8\n#";
        assert!(text.contains(family), "{text}");
        assert!(text.contains("_bucket{node=\"b:2\",le=\"+Inf\"} 3\n"), "{text}");
        assert!(!text.contains("c:3"), "{text}");
    }

    #[test]
    fn an_empty_section_is_not_a_metric() {
        let mut text = Text::default();
        render(&mut text, &[server(None, "hallpass_warnings:\r\nhallpass_retry_delay:nonsense\r\n")]);
        let text = text.into_string();
        assert!(text.ends_with("hallpass_warnings 0\n") && text.lines().count() == 3, "{text}");
    }
}
