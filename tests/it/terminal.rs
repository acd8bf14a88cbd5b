//! What a person at a terminal does: job control, resizing, detaching and coming back.

use crate::env::{Env, Running, User, eventually};
use nix::sys::signal::Signal;

#[test]
fn a_shell_on_a_terminal_behaves() {
    let env = Env::with(User::Sub, &["debian"]);
    let mut pty = env.pty(["run", "-it", "--rm", "debian", "bash", "--norc"]);
    pty.expect(r"[$#] ");
    pty.line("tty; echo $TERM; stty size");
    pty.expect("/dev/pts/0");
    pty.expect("xterm");
    pty.expect("24 80");
    // Ctrl-C ends the foreground job, not the shell.
    pty.line("sleep 600; echo code=$?");
    eventually("sleep runs", || env.processes().values().any(|line| line.starts_with("sleep 600")));
    pty.send("\x03");
    pty.expect("code=130|\\^C");
    // Ctrl-Z stops it, fg brings it back.
    pty.line("echo alive-$((1+1))");
    pty.expect("alive-2");
    pty.line("sleep 601");
    eventually("sleep runs", || env.processes().values().any(|line| line.starts_with("sleep 601")));
    pty.send("\x1a");
    pty.expect("Stopped");
    pty.line("jobs");
    pty.expect("sleep 601");
    pty.line("kill %1; kill -CONT %1; wait");
    pty.expect("Terminated");
    pty.line("exit 11");
    pty.code(11);
    assert!(pty.is_cooked(), "the terminal is left raw");
}

#[test]
fn a_resize_reaches_the_container() {
    let env = Env::new();
    let mut pty = env.pty([
        "run",
        "-it",
        "--rm",
        "busybox",
        "sh",
        "-c",
        "trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done",
    ]);
    pty.expect("ready");
    pty.resize(50, 132);
    pty.expect("50 132");
    pty.send("\x03");
    pty.code(130);
}

#[test]
fn detaching_leaves_it_running_and_attach_returns() {
    let env = Env::new();
    let mut pty = env.pty(["run", "-it", "--name", "c", "busybox", "sh"]);
    pty.expect("# ");
    pty.line("VAR=kept-$((20+1)); echo set-$VAR");
    pty.expect("set-kept-21");
    pty.send("\x10\x11");
    pty.code(0);
    assert!(pty.is_cooked());
    assert_eq!(env.status("c"), "running");
    let mut pty = env.pty(["attach", "c"]);
    pty.line("echo $VAR; stty size");
    pty.expect("kept-21");
    pty.expect("24 80");
    pty.line("exit 5");
    pty.code(5);
    assert_eq!(env.status("c"), "exited");
}

#[test]
fn detach_keys_can_be_chosen_or_switched_off() {
    let env = Env::new();
    let mut pty = env.pty(["run", "-it", "--name", "c", "--detach-keys", "ctrl-a,d", "busybox", "sh"]);
    pty.expect("# ");
    pty.send("\x01d");
    pty.code(0);
    assert_eq!(env.status("c"), "running");
    let mut pty = env.pty(["attach", "--detach-keys", "", "c"]);
    pty.line("echo there-$((3+4))");
    pty.expect("there-7");
    pty.line("exit");
    pty.code(0);
    env.run(["run", "--rm", "--detach-keys", "ctrl-,", "busybox", "true"]).fails(125, "ctrl-");
}

#[test]
fn closing_the_terminal_leaves_the_container_running() {
    let env = Env::new();
    let mut pty = env.pty(["run", "-it", "--name", "c", "busybox", "sh"]);
    pty.expect("# ");
    pty.hang_up();
    pty.wait();
    assert_eq!(env.status("c"), "running");
}

#[test]
fn several_attach_and_see_the_same() {
    let env = Env::new();
    env.run(["run", "-dit", "--name", "c", "busybox", "sh"]).code(0);
    let mut one = env.pty(["attach", "c"]);
    let mut two = env.pty(["attach", "c"]);
    // The prompt was printed before they came: a new line brings another.
    one.line("");
    one.expect("# ");
    two.line("");
    two.expect("# ");
    one.line("echo both-$((5+5))");
    one.expect("both-10");
    two.expect("both-10");
    two.line("exit 3");
    one.code(3);
    two.code(3);
}

#[test]
fn a_signal_to_the_client_is_passed_on() {
    let env = Env::new();
    let script = "trap 'echo got it; exit 9' TERM; echo ready; while :; do sleep 0.05; done";
    let mut run = env.spawn(["run", "--rm", "busybox", "sh", "-c", script]);
    run.expect("ready\n");
    run.signal(Signal::SIGTERM);
    run.finish().code(9).stdout("ready\ngot it\n");
}

#[test]
fn under_nohup_it_outlives_the_terminal() {
    let env = Env::new();
    let script = "trap 'echo hung up; exit 9' HUP; echo ready; read line; echo $line";
    let mut command = env.program("nohup");
    command.arg(Env::binary()).args(["run", "--rm", "-i", "busybox", "sh", "-c", script]);
    let mut run = Running::start(command);
    run.expect("ready\n");
    run.signal(Signal::SIGHUP);
    run.write_all_in_background(b"still here\n");
    run.finish().code(0).stdout("ready\nstill here\n");
}

#[test]
fn sig_proxy_can_be_switched_off() {
    let env = Env::new();
    let script = "trap 'echo got it; exit 9' TERM; echo ready; while :; do sleep 0.05; done";
    let mut run = env.spawn(["run", "--sig-proxy=false", "--name", "c", "busybox", "sh", "-c", script]);
    run.expect("ready\n");
    run.signal(Signal::SIGTERM);
    let output = run.finish();
    assert_eq!(output.signal.or(output.code.map(|code| code - 128)), Some(15), "{output}");
    assert_eq!(env.status("c"), "running");
}

#[test]
fn attach_passes_output_input_and_code() {
    let env = Env::new();
    env.run(["run", "-d", "-i", "--name", "c", "busybox", "sh", "-c", "read line; echo got $line; exit 6"])
        .code(0);
    env.feed(b"words\n", ["attach", "c"]).code(6).stdout("got words\n");
    env.run(["attach", "c"]).fails(125, "c");
    env.run(["attach", "no-such"]).fails(125, "no-such");
}

#[test]
fn half_closed_input_lets_the_rest_of_the_output_through() {
    let env = Env::new();
    let output =
        env.feed(b"3\n1\n2\n", ["run", "--rm", "-i", "busybox", "sh", "-c", "sort; sleep 0.2; echo end"]);
    output.code(0).stdout("1\n2\n3\nend\n");
}

/// A job without a terminal asks for one all the same: nobody will ever type there, so a shell has to end.
#[test]
fn on_a_tty_the_end_of_what_is_piped_in_ends_a_shell() {
    let env = Env::with(User::Sub, &["busybox", "debian"]);
    let shell = ["run", "-it", "--rm", "--network", "none", "busybox", "sh"];
    let bash = ["run", "-it", "--rm", "--network", "none", "debian", "bash"];
    // A command that changes how the terminal reads does not read what was typed meanwhile.
    let reset = "stty raw; sleep 1; stty cooked; echo $((6*7))\n";
    for (args, input) in [(shell, ""), (shell, "echo $((6*7))"), (shell, reset), (bash, "echo $((6*7))\n")] {
        let output = env.feed(input.as_bytes(), args);
        output.code(0);
        assert_eq!(output.out().contains("42\r\n"), !input.is_empty(), "{output}");
    }
    env.feed(b"exit 7\n", shell).code(7);
    env.run(["run", "-d", "--name", "c", "busybox", "sleep", "1000"]).code(0);
    env.feed(b"", ["exec", "-it", "c", "sh"]).code(0);
    env.feed(b"echo $((6*7))", ["exec", "-it", "c", "sh"]).code(0).stdout_contains("42\r\n");
    env.run(["create", "-it", "--name", "again", "busybox", "sh"]).code(0);
    env.feed(b"", ["start", "-ai", "again"]).code(0);
    // Who came by is not the one to end it.
    env.run(["start", "again"]).code(0);
    let mut visitor = env.spawn(["attach", "again"]);
    visitor.write_all_in_background(b"echo $((6*6))\n");
    visitor.expect("36\r\n");
    let owner = env.feed(b"echo $((6*7)); exit 3\n", ["attach", "again"]);
    owner.code(3).stdout_contains("42\r\n");
    visitor.finish().code(3);
}

#[test]
fn a_tty_without_a_terminal_still_runs() {
    let env = Env::new();
    env.run(["run", "--rm", "-t", "busybox", "echo", "x"]).code(0).stdout("x\r\n");
}

#[test]
fn ctrl_c_ends_a_foreground_container() {
    let env = Env::new();
    let mut pty = env.pty(["run", "--rm", "--init", "busybox", "sleep", "600"]);
    eventually("sleep runs", || env.processes().values().any(|line| line.starts_with("sleep 600")));
    pty.send("\x03");
    pty.code(130);
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    let env = Env::new();
    let script = r#""$0" run --rm --network none busybox echo lost >/dev/full"#;
    let mut command = env.program("sh");
    command.args(["-c", script]).arg(Env::binary());
    crate::env::finish(command, b"").fails(125, "cannot write to standard output: No space left on device");
}

#[test]
fn a_signal_is_not_stuck_behind_input_that_nobody_reads() {
    let env = Env::new();
    let container = "trap 'exit 33' TERM; echo up; while :; do sleep 0.05; done";
    let script = format!(
        r#"mkfifo p; yes >p & "$0" run --rm -i --network none busybox sh -c "{container}" <p & C=$!; echo $C; wait $C; echo code=$?"#
    );
    let mut command = env.program("sh");
    command.current_dir(env.tmp()).args(["-c", &script]).arg(Env::binary());
    let mut shell = crate::env::Running::start(command);
    shell.expect("up\n");
    eventually("the client waits for room", || env.processes().values().any(|line| line.starts_with("yes")));
    std::thread::sleep(std::time::Duration::from_millis(300));
    let client =
        env.processes().into_iter().find(|(_, line)| line.contains("run --rm -i") && !line.starts_with("sh"));
    let (pid, _) = client.expect("the client runs");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), Signal::SIGTERM).expect("the client gets it");
    shell.finish().stdout_contains("code=33");
}
