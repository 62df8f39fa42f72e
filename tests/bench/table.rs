//! Tables on the terminal.

/// Prints rows in columns: the first to the left, numbers to the right. The first row is the head.
pub fn print(rows: &[Vec<String>]) {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let mut cells = row.iter().zip(&widths);
        let first = cells.next().map(|(cell, width)| format!("{cell:width$}"));
        let rest = cells.map(|(cell, width)| format!("{cell:>width$}"));
        let line: Vec<String> = first.into_iter().chain(rest).collect();
        println!("{}", line.join("  "));
    }
}

/// Returns a row of texts.
pub fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}
