//! What `INFO hallpass` counts, as metrics.

use super::Text;

/// The counters of the module, by their INFO field, and what each counts.
const COUNTERS: [(&str, &str); 13] = [
    ("issued", "Sessions begun."),
    ("refreshed", "Rotations."),
    ("retried", "Exchanges that were asked again and answered the same."),
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
];

/// Appends the metrics that this section of INFO has; an older or newer module may lack some.
pub fn render(text: &mut Text, info: &str) {
    let field = |name: &str| {
        let field = format!("hallpass_{name}");
        info.lines().find_map(|line| line.strip_prefix(field.as_str())?.strip_prefix(':')).map(str::trim)
    };
    let number = |name: &str| field(name)?.parse::<u64>().ok();
    for (name, help) in COUNTERS {
        if let Some(count) = number(name) {
            let name = format!("hallpass_{name}_total");
            text.family(&name, "counter", help);
            text.sample(&name, &[], count);
        }
    }
    if let Some(stale) = number("keyring_stale") {
        let help = "Whether the keyring file is newer than the keyring in use.";
        text.family("hallpass_keyring_stale", "gauge", help);
        text.sample("hallpass_keyring_stale", &[], stale);
    }
    if let Some(warnings) = field("warnings") {
        let help = "Settings of Redis under which sessions get lost; INFO hallpass names them.";
        text.family("hallpass_warnings", "gauge", help);
        text.sample("hallpass_warnings", &[], warnings.split(';').filter(|it| !it.trim().is_empty()).count());
    }
    if let Some(buckets) = field("retry_delay").and_then(retry_delays) {
        render_retry_delays(text, &buckets);
    }
}

/// The buckets of `le_100ms=3,…,more=0`: an upper bound in ms, none for the last, and a count.
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

/// A histogram without a sum, which the module does not keep.
fn render_retry_delays(text: &mut Text, buckets: &[(Option<u64>, u64)]) {
    const NAME: &str = "hallpass_retry_delay_seconds";
    text.family(NAME, "histogram", "How long after the rotation a retry came.");
    let mut below = 0;
    for (bound, count) in buckets {
        below += count;
        let bound = bound.map_or("+Inf".to_owned(), |ms| (ms as f64 / 1000.0).to_string());
        text.sample(&format!("{NAME}_bucket"), &[("le", &bound)], below);
    }
    text.sample(&format!("{NAME}_count"), &[], below);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_becomes_metrics_and_its_texts_do_not() {
        let info = "# hallpass_stats\r\nhallpass_issued:7\r\nhallpass_verified:2\r\nhallpass_verify_cache_hits:1\r\n\
                    hallpass_retry_delay:le_100ms=1,le_1000ms=2,more=3\r\nhallpass_issuer:https://a\r\n\
                    hallpass_keyring_stale:1\r\nhallpass_warnings:one; two\r\n";
        let mut text = Text::default();
        render(&mut text, info);
        let text = text.into_string();
        for line in [
            "# TYPE hallpass_issued_total counter",
            "hallpass_issued_total 7",
            "hallpass_verified_total 2",
            "hallpass_verify_cache_hits_total 1",
            "hallpass_keyring_stale 1",
            "hallpass_warnings 2",
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
    fn an_empty_section_is_no_metric() {
        let mut text = Text::default();
        render(&mut text, "hallpass_warnings:\r\nhallpass_retry_delay:nonsense\r\n");
        let text = text.into_string();
        assert!(text.ends_with("hallpass_warnings 0\n") && text.lines().count() == 3, "{text}");
    }
}
