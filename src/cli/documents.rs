//! The man pages and completions, made from the command tree.

use super::{completion, tree};
use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

/// Every generated file: its path below the project's root, and its content.
///
/// A command with several spellings has one page, under its first; the others refer to it.
#[must_use]
pub fn documents() -> Vec<(String, Vec<u8>)> {
    let mut all = vec![
        ("completions/box.bash".to_string(), completion::script(Shell::Bash)),
        ("completions/_box".to_string(), completion::script(Shell::Zsh)),
        ("completions/box.fish".to_string(), completion::script(Shell::Fish)),
    ];
    all.push(page("box", tree::root(tree::Detail::Full)));
    for (group, command) in tree::groups() {
        all.push(page(&format!("box-{group}"), command));
    }
    for entry in tree::COMMANDS {
        let (first, others) = entry.paths.split_first().expect("an entry has a spelling");
        let name = dashed(first);
        all.push(page(&name, (entry.build)(Command::new("box"))));
        for other in others {
            all.push((format!("man/{}.1", dashed(other)), format!(".so man1/{name}.1\n").into_bytes()));
        }
    }
    all.sort();
    all
}

/// `container ls` is `box-container-ls`.
fn dashed(path: &str) -> String {
    format!("box-{}", path.replace(' ', "-"))
}

fn page(name: &str, command: Command) -> (String, Vec<u8>) {
    // The usage line says how it is typed, the page's name how it is looked up.
    let typed = name.replace('-', " ");
    let more = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let status = exit_status(typed.strip_prefix("box ").unwrap_or_default());
    let command = command.name(name.to_string()).display_name(name.to_string()).bin_name(typed);
    let mut text = Vec::new();
    // clap_mangen puts what follows the help in a section EXTRA, as text to be filled.
    Man::new(command.after_help(None::<&str>))
        .manual("box")
        .source(concat!("box ", env!("CARGO_PKG_VERSION")))
        .date("")
        .render(&mut text)
        .expect("a Vec takes everything that is written to it");
    let mut text = String::from_utf8(text).expect("help is text");
    // The version is in the last line of each page.
    text.truncate(text.find(".SH VERSION\n").unwrap_or(text.len()));
    text += &sections(&more, status);
    (format!("man/{name}.1"), in_ascii(&text).into_bytes())
}

/// The page in the letters that every roff reads.
///
/// Source: groff_char(7), `\\[uXXXX]`.
fn in_ascii(text: &str) -> String {
    let letter = |c: char| if c.is_ascii() { c.to_string() } else { format!("\\[u{:04X}]", u32::from(c)) };
    text.chars().map(letter).collect()
}

/// What follows the help as sections, examples last and as they are typed; the order is that of
/// man-pages(7).
fn sections(more: &str, status: &[(&str, &str)]) -> String {
    let mut out = String::new();
    let (examples, others): (Vec<&str>, Vec<&str>) =
        more.split("\n\n").filter(|part| !part.is_empty()).partition(|part| part.starts_with(EXAMPLES));
    for part in others {
        let (title, text) = part.split_once(": ").unwrap_or(("Notes", part));
        // Names are looked for and copied: ragged lines, no hyphens.
        out += &format!(".SH {}\n.na\n.nh\n{}.hy\n.ad\n", quoted(&title.to_uppercase()), lines(text));
    }
    if !status.is_empty() {
        out += ".SH \"EXIT STATUS\"\n";
        for (code, meaning) in status {
            out += &format!(".TP\n{}{}", lines(code), lines(meaning));
        }
    }
    for part in examples {
        let text = part.trim_start_matches(EXAMPLES).trim_start_matches('\n');
        let text: Vec<&str> = text.lines().map(|line| line.strip_prefix("  ").unwrap_or(line)).collect();
        out += &format!(".SH EXAMPLES\n.nf\n{}.fi\n", lines(&text.join("\n")));
    }
    out
}

/// How the help begins that is shown after the flags.
const EXAMPLES: &str = "Examples:";

/// A heading of several words.
fn quoted(title: &str) -> String {
    format!("\"{}\"", lines(title).trim_end())
}

/// Text as roff prints it, letter by letter: what it would make typographic is escaped, and no
/// line is a request.
///
/// Source: groff_char(7), "Fundamental character set"; man-pages(7), "Generating optimal glyphs".
fn lines(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        if line.starts_with(['.', '\'']) {
            out += "\\&";
        }
        for letter in line.trim_end().chars() {
            match letter {
                '\\' => out += "\\e",
                '-' => out += "\\-",
                '\'' => out += "\\(aq",
                '`' => out += "\\(ga",
                '^' => out += "\\(ha",
                '~' => out += "\\(ti",
                letter => out.push(letter),
            }
        }
        out.push('\n');
    }
    out
}

/// The codes that a command ends with, and what each means.
fn exit_status(command: &str) -> &'static [(&'static str, &'static str)] {
    const FAILED: (&str, &str) = ("125", "Something failed; standard error says what.");
    const OF_ITS_COMMAND: (&str, &str) =
        ("any other", "What the command ended with; 128 plus the signal's number if one killed it.");
    const NOT_EXECUTABLE: (&str, &str) = ("126", "The command is there, but cannot be executed.");
    const NO_COMMAND: (&str, &str) = ("127", "There is no such command.");
    match command {
        "run" => &[
            ("0", "The command succeeded; with --detach, it was started."),
            ("125", "box itself failed: the container could not be made or started."),
            NOT_EXECUTABLE,
            NO_COMMAND,
            OF_ITS_COMMAND,
        ],
        "exec" => &[
            ("0", "The command succeeded; with --detach, it was started."),
            ("125", "box itself failed: there is no such container, or it does not run."),
            NOT_EXECUTABLE,
            NO_COMMAND,
            OF_ITS_COMMAND,
        ],
        "start" => &[
            ("0", "All were started; with --attach, the container's command succeeded or was detached from."),
            FAILED,
            NOT_EXECUTABLE,
            NO_COMMAND,
            (
                "any other",
                "With --attach: what the container ended with; 128 plus the signal's number if one killed it.",
            ),
        ],
        "attach" => &[
            ("0", "The container's command succeeded, or was detached from."),
            FAILED,
            ("any other", "What the container ended with; 128 plus the signal's number if one killed it."),
        ],
        "unshare" => &[("0", "The command succeeded."), FAILED, NOT_EXECUTABLE, NO_COMMAND, OF_ITS_COMMAND],
        "wait" => &[("0", "All have ended; their exit codes are on standard output, one a line."), FAILED],
        "rm" | "rmi" | "volume rm" | "network rm" => &[
            ("0", "All were removed."),
            ("1", "One of them does not exist."),
            ("2", "One of them is in use."),
            ("125", "Something else failed; standard error says what."),
        ],
        "container exists" | "image exists" | "network exists" | "volume exists" => {
            &[("0", "It exists."), ("1", "It does not."), FAILED]
        }
        "doctor" => {
            &[("0", "Containers work here."), ("1", "They do not; what is missing is printed."), FAILED]
        }
        "system check" => &[
            ("0", "Nothing is broken, or all of it was mended."),
            ("125", "Something is broken, or the check failed; standard error says what."),
        ],
        "system reset" => &[("0", "All was removed."), ("1", "The answer was no."), FAILED],
        _ => &[("0", "It is done."), FAILED],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_literal_and_last_and_fields_are_ragged() {
        let more = "Examples:\n  box ps --format '{{.ID}}\\t'\n  ./x\n\nFields of --format: A, ExitCode";
        let out = sections(more, &[("0", "It is done.")]);
        assert_eq!(
            out,
            ".SH \"FIELDS OF \\-\\-FORMAT\"\n.na\n.nh\nA, ExitCode\n.hy\n.ad\n\
             .SH \"EXIT STATUS\"\n.TP\n0\nIt is done.\n\
             .SH EXAMPLES\n.nf\nbox ps \\-\\-format \\(aq{{.ID}}\\et\\(aq\n\\&./x\n.fi\n"
        );
    }

    #[test]
    fn no_page_has_text_without_a_section() {
        for (name, content) in documents() {
            let text = String::from_utf8(content).unwrap();
            if !name.starts_with("man/") || text.starts_with(".so ") {
                continue;
            }
            assert!(!text.contains(".SH EXTRA"), "{name}");
            assert!(text.is_ascii(), "{name}");
            assert!(!text.lines().any(|line| line.starts_with(EXAMPLES)), "{name}: they are to be a section");
            assert!(!text.contains(".SH NOTES"), "{name}: a paragraph after the examples has no title");
            assert!(text.contains(".SH EXAMPLES\n.nf\n") || !text.contains(".SH EXAMPLES"), "{name}");
            assert!(text.contains(".SH \"EXIT STATUS\"\n"), "{name}");
        }
    }

    #[test]
    fn every_command_with_codes_of_its_own_is_a_command() {
        for command in [
            "run",
            "exec",
            "start",
            "attach",
            "unshare",
            "wait",
            "rm",
            "rmi",
            "volume rm",
            "network rm",
            "container exists",
            "image exists",
            "network exists",
            "volume exists",
            "doctor",
            "system check",
            "system reset",
        ] {
            assert!(tree::COMMANDS.iter().any(|entry| entry.paths[0] == command), "{command}");
        }
    }
}
