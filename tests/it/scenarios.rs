//! Real servers from Debian's packages, put together as people do.

use crate::env::{Env, User};

/// A store with the image `services`.
fn services() -> Env {
    Env::with(User::Sub, &["services"])
}

/// Starts a container of that image in the background.
fn serve(env: &Env, name: &str, flags: &[&str], command: &[&str]) {
    let mut words = vec!["run", "-d", "--name", name];
    words.extend(flags);
    words.push("services");
    words.extend(command);
    env.run(words).code(0);
}

/// Runs a command for the shell in a container of that image, to its end.
fn once(env: &Env, flags: &[&str], script: &str) -> crate::env::Output {
    let mut words = vec!["run", "--rm"];
    words.extend(flags);
    words.extend(["services", "sh", "-c", script]);
    env.run(words)
}

const REDIS: [&str; 5] = ["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no"];

#[test]
fn redis_is_used_by_link_and_by_name() {
    let env = services();
    serve(&env, "redis", &["--expose", "6379"], &REDIS);
    env.until_logged("redis", "Ready to accept connections");
    let by_link = "redis-cli -h db set greeting hello && \
        redis-cli -h $DB_PORT_6379_TCP_ADDR -p $DB_PORT_6379_TCP_PORT get greeting";
    once(&env, &["--link", "redis:db"], by_link).code(0).stdout("OK\nhello\n");
    once(&env, &[], "redis-cli -h redis get greeting").code(0).stdout("hello\n");
    once(&env, &[], "redis-cli -h db get greeting").code(1).stderr_contains("Could not connect");
}
