//! Tables on standard output.

/// Lays out the rows under the headings. Columns of figures are aligned to the right.
pub fn render(headings: &[&str], rows: &[Vec<String>]) -> String {
    let cell = |row: &Vec<String>, column: usize| row.get(column).cloned().unwrap_or_default();
    let columns: Vec<(usize, bool)> = (0..headings.len())
        .map(|column| {
            let cells = || rows.iter().map(|row| cell(row, column));
            let width = cells().map(|cell| cell.chars().count()).chain([headings[column].chars().count()]).max();
            let figures = cells().all(|cell| cell.starts_with(|first: char| first.is_ascii_digit() || first == '–'));
            (width.unwrap_or(0), figures)
        })
        .collect();
    let headings = headings.iter().map(|&heading| heading.to_owned()).collect();
    let mut text = String::new();
    for row in std::iter::once(&headings).chain(rows) {
        let line: Vec<String> = columns
            .iter()
            .enumerate()
            .map(|(column, &(width, figures))| {
                let cell = cell(row, column);
                if figures { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
            })
            .collect();
        text += line.join("  ").trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_stand_right_and_words_left() {
        let rows =
            [vec!["load".into(), "9.5".into()], vec!["a drag".into(), "112".into()], vec!["pan".into(), "–".into()]];
        assert_eq!(render(&["name", "ms"], &rows), "name     ms\nload    9.5\na drag  112\npan       –\n");
    }
}
