//! What is kept of verified tokens, by node.

use super::text::Text;
use hallpass_client::NodeCache;

/// A metric: its name, kind and help text, and its value.
type Metric = (&'static str, &'static str, &'static str, fn(&NodeCache) -> u64);

const METRICS: [Metric; 5] = [
    (
        "hallpass_verify_listening",
        "gauge",
        "Whether the node tells of changes. While it does not, it is asked about every token.",
        |node| u64::from(node.is_listening),
    ),
    ("hallpass_verify_kept_tokens", "gauge", "Tokens about which Redis need not be asked.", |node| {
        node.entries as u64
    }),
    ("hallpass_verify_kept_bytes", "gauge", "Memory that these take.", |node| node.bytes as u64),
    ("hallpass_verify_kept_total", "counter", "Tokens verified without asking Redis.", |node| node.hits),
    (
        "hallpass_verify_stale_total",
        "counter",
        "Tokens let pass while Redis was away, by what it had answered before.",
        |node| node.stale_hits,
    ),
];

/// Appends a family for each metric, or nothing while no node is listened to.
pub fn render(text: &mut Text, nodes: &[NodeCache]) {
    let families = if nodes.is_empty() { &[] } else { &METRICS[..] };
    for (name, kind, help, value) in families {
        text.family(name, kind, help);
        for node in nodes {
            text.sample(name, &[("node", &node.node)], value(node));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_node_has_its_samples() {
        let node = |name: &str, hits| NodeCache {
            node: name.into(),
            is_listening: true,
            entries: 2,
            bytes: 700,
            hits,
            stale_hits: 0,
        };
        let mut text = Text::default();
        render(&mut text, &[node("a:1", 7), node("b:2", 8)]);
        let text = text.into_string();
        let hits = "hallpass_verify_kept_total{node=\"a:1\"} 7\nhallpass_verify_kept_total{node=\"b:2\"} 8\n";
        assert!(
            text.contains(hits) && text.contains("hallpass_verify_stale_total{node=\"a:1\"} 0\n"),
            "{text}"
        );
        let mut nothing = Text::default();
        render(&mut nothing, &[]);
        assert_eq!(nothing.into_string(), "");
    }
}
