//! Columns, as Go's text/tabwriter lays them out for podman: at least twelve wide, two spaces
//! between, the last one ragged.

use super::visible;

/// The width that podman gives a column at least.
const LEAST: usize = 12;
const BETWEEN: usize = 2;

/// Lays out lines whose cells end in tabs. On a terminal that is too narrow for it the columns
/// are as narrow as their text.
pub(crate) fn layout(text: &str, terminal: Option<usize>) -> String {
    let wide = columns(text, LEAST);
    match terminal {
        Some(width) if wide.lines().any(|line| line.chars().count() > width) => columns(text, 0),
        _ => wide,
    }
}

fn columns(text: &str, least: usize) -> String {
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let mut widths: Vec<usize> = Vec::new();
    for line in &lines {
        // The text after the last tab is no cell of a column.
        for (at, cell) in line[..line.len() - 1].iter().enumerate() {
            if widths.len() == at {
                widths.push(least);
            }
            widths[at] = widths[at].max(cell.chars().count() + BETWEEN);
        }
    }
    let mut out = String::new();
    for line in &lines {
        let (last, cells) = line.split_last().expect("a split gives at least one part");
        for (cell, width) in cells.iter().zip(&widths) {
            out.push_str(cell);
            out.extend(std::iter::repeat_n(' ', width - cell.chars().count()));
        }
        out.push_str(last);
        out.push('\n');
    }
    out
}

/// The columns of the terminal that stdout is; `None` when it is none.
pub(crate) fn terminal_width() -> Option<usize> {
    rustix::termios::tcgetwinsize(std::io::stdout())
        .ok()
        .map(|size| usize::from(size.ws_col))
        .filter(|w| *w > 0)
}

/// The first `most` characters, the last three of them dots if something is missing.
pub(crate) fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_string();
    }
    text.chars().take(most - 3).chain("...".chars()).collect()
}

/// A column: its heading, and its cell of a row; `true` asks for the whole of what is cut otherwise.
pub(crate) type Column<Row> = (&'static str, fn(&Row, bool) -> String);

/// A command's usual table. Not by a template: making all fields of each row would cost more than
/// reading what the rows show.
pub(crate) fn plain<Row>(columns: &[Column<Row>], rows: &[Row], whole: bool, heading: bool) -> String {
    let mut text = String::new();
    if heading {
        text += &columns.iter().map(|(title, _)| *title).collect::<Vec<_>>().join("\t");
        text.push('\n');
    }
    for row in rows {
        let cells: Vec<String> =
            columns.iter().map(|(_, cell)| visible::line(&cell(row, whole)).into_owned()).collect();
        text += &cells.join("\t");
        text.push('\n');
    }
    layout(&text, terminal_width())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let text = "ID\tNAME\tX\nabc\ta name that is long\ty\n";
        assert_eq!(
            layout(text, None),
            "ID          NAME                 X\nabc         a name that is long  y\n"
        );
        assert_eq!(layout(text, Some(30)), "ID   NAME                 X\nabc  a name that is long  y\n");
        assert_eq!(layout("", None), "");
    }

    #[test]
    fn long_text_is_shortened() {
        assert_eq!(shorten("sleep 600", 20), "sleep 600");
        assert_eq!(shorten("/bin/sh -c 'echo hello'", 20), "/bin/sh -c 'echo ...");
    }
}
