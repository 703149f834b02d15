//! Text tables: first column left, all others right.

/// Rows of equal length, the first being the header, as lines with aligned columns.
pub(super) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            line += &if column == 0 { format!("{cell:<width$}") } else { format!("  {cell:>width$}") };
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// A share with three decimals and no leading zero (`.926`), as papers print them; `-` for none.
pub(super) fn share(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}").trim_start_matches('0').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [vec!["set".to_owned(), "AUC".into()], vec!["mir1k".into(), share(Some(0.9261))]];
        assert_eq!(aligned(&rows), "set     AUC\nmir1k  .926\n");
        assert_eq!((share(None), share(Some(1.0)), share(Some(0.0))), ("-".into(), "1.000".into(), ".000".into()));
    }
}
