//! `keys list`: a table of the keys and their status.

use super::utc;
use hallpass_engine::keys::KeySummary;

const HEAD: [&str; 6] = ["kid", "use", "alg", "status", "nbf", "exp"];

/// Formats one line per key under a line of headings, in columns.
pub fn table(keys: &[KeySummary]) -> String {
    let rows: Vec<_> = std::iter::once(HEAD.map(String::from)).chain(keys.iter().map(row)).collect();
    let widths: [usize; 6] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0));
    rows.iter().map(|row| line(row, &widths)).collect()
}

fn row(key: &KeySummary) -> [String; 6] {
    let time = |time: Option<u64>| time.map_or("-".to_owned(), utc::format);
    let nbf = (key.validity.nbf > 0).then_some(key.validity.nbf);
    [
        key.kid.clone(),
        key.usage.into(),
        key.alg.into(),
        key.status.name().into(),
        time(nbf),
        time(key.validity.exp),
    ]
}

fn line(cells: &[String; 6], widths: &[usize; 6]) -> String {
    let padded: Vec<_> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
    padded.join("  ").trim_end().to_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallpass_engine::keys::{KeyStatus, Validity};

    #[test]
    fn columns_line_up() {
        let key = |kid: &str, status, nbf, exp| KeySummary {
            kid: kid.into(),
            alg: "EdDSA",
            usage: "sig",
            status,
            validity: Validity { nbf, exp },
        };
        let keys = [
            key("a", KeyStatus::Retiring, 0, Some(1_785_585_600)),
            key("longer", KeyStatus::Active, 86_400, None),
        ];
        let expected = "\
            kid     use  alg    status    nbf                   exp\n\
            a       sig  EdDSA  retiring  -                     2026-08-01T12:00:00Z\n\
            longer  sig  EdDSA  active    1970-01-02T00:00:00Z  -\n";
        assert_eq!(table(&keys), expected);
    }
}
