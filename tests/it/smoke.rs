//! The helpers themselves, and that there is a binary to test.

use crate::env::{EVERYONE, Env, User, finish};
use std::time::Duration;

#[test]
fn the_binary_answers_every_user() {
    for user in EVERYONE {
        let env = Env::empty(user);
        env.run(["--version"]).code(0).stdout_matches(r"^box (version )?\d+\.\d+\.\d+\n$");
    }
}

#[test]
fn the_terminal_of_the_tests_is_one() {
    let env = Env::empty(User::Sub);
    let mut pty = env.pty_program("sh", ["-c", "test -t 0 && stty size && tty && read line && exit $line"]);
    pty.expect("24 80\r\n");
    pty.expect(r"/dev/pts/\d+");
    pty.line("7");
    pty.code(7);
}

#[test]
fn commands_run_as_the_user_and_nobody_else() {
    for user in EVERYONE {
        let env = Env::empty(user);
        let mut id = env.program("id");
        id.arg("-u");
        finish(id, b"").code(0).stdout(&format!("{}\n", env.uid()));
    }
}

#[test]
#[should_panic(expected = "the test left behind")]
fn a_process_that_stays_is_noticed() {
    let mut env = Env::empty(User::Sub);
    env.patience(Duration::from_millis(200));
    let mut sleeper = env.program("sleep").arg("600").spawn().expect("sleep is there");
    let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(env)));
    let _ = sleeper.wait();
    if let Err(cause) = seen {
        std::panic::resume_unwind(cause);
    }
}
