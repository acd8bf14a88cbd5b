//! Text that an image or a container's programs chose, in what people read: a terminal obeys it.

use crate::env::{Env, fixture};

/// Erases what is above, and renames the window.
const EVIL: &str = "\\u001b[2J\\u001b]0;x\\u0007\\r\\nfake\\u009b2J";

fn has_no_controls(what: &str, text: &str) {
    let control = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
    assert_eq!(control, None, "{what}: {text:?}");
}

#[test]
fn what_others_wrote_cannot_control_the_terminal() {
    let env = Env::new();
    let archive = fixture("busybox.tar");
    env.ok(["import", "-m", "a\x1b[2Jb", "--change", &format!(r#"CMD ["{EVIL}"]"#), &archive, "evil"]);
    env.ok(["import", "--change", &format!(r#"LABEL evil="{EVIL}""#), &archive, "label"]);
    env.ok(["create", "--name", "c", "--network", "none", "evil"]);
    // In the container: a file's name, and a word of a command.
    let script = "f=$(printf 'a\\033[2Jb\\nc'); echo >\"/$f\"; exec sh -c 'sleep 1000; :' \"$f\"";
    env.ok(["run", "-d", "--name", "d", "--network", "none", "busybox", "sh", "-c", script]);
    env.until_status("d", "running");
    for args in [
        &["ps", "-a"][..],
        &["ps", "-a", "--no-trunc"],
        &["ps", "-a", "--format", "table {{.Names}}\\t{{.Command}}"],
        &["history", "--no-trunc", "evil"],
        &["images"],
        &["top", "d"],
        &["diff", "d"],
        &["start", "-a", "c"],
        &["run", "--rm", "--network", "none", "evil"],
        &["run", "--rm", "--network", "none", "-w", "/etc/passwd/\x1b[2J", "busybox"],
        &["inspect", "no\x1b[2Jsuch"],
    ] {
        let output = env.run(args);
        has_no_controls(&args.join(" "), &(output.out() + &output.err()));
    }
    // One row a container, whatever its command has in it.
    assert_eq!(env.ok(["ps", "-a", "--noheading"]).lines().count(), 2);
    assert!(env.ok(["diff", "d"]).contains(r"A /a\u{1b}[2Jb\nc"));
    // Programs get it as it is, people on a terminal do not.
    let template = ["ps", "-a", "--no-trunc", "--filter", "name=c", "--format", "{{.Command}} over"];
    assert!(env.ok(template).contains("\x1b[2J"));
    let shown = |args: &[&str]| {
        let mut pty = env.pty(args);
        pty.expect("over");
        pty.screen()
    };
    let screen = shown(&template);
    assert!(!screen.contains("\x1b[2J") && screen.contains(r"\u{1b}[2J"), "{screen:?}");
    let look = ["inspect", "-f", "{{.Config.Labels.evil}} over", "label"];
    let screen = shown(&look);
    assert!(!screen.contains('\x1b'), "{screen:?}");
}
