//! Real servers from Debian's packages, put together as people do.

use crate::env::{Env, SOON, User, eventually, finish};
use std::io::Read;
use std::net::{TcpStream, UdpSocket};

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

/// PostgreSQL with a password for those who come by the network, set once in the volume.
const POSTGRES: &str = "
    data=/var/lib/postgresql/15/main etc=/etc/postgresql/15/main bin=/usr/lib/postgresql/15/bin
    echo 'host all all all scram-sha-256' >>$etc/pg_hba.conf
    mkdir -p /run/postgresql; chown postgres /run/postgresql
    echo \"alter user postgres password '$POSTGRES_PASSWORD'\" |
        runuser -u postgres -- $bin/postgres --single -D $data -c config_file=$etc/postgresql.conf postgres
    exec runuser -u postgres -- $bin/postgres -D $data -c config_file=$etc/postgresql.conf \
        -c 'listen_addresses=*' -c ssl=off";

/// Starts a PostgreSQL.
fn postgres(env: &Env, name: &str, flags: &[&str]) {
    let mut all = vec!["-e", "POSTGRES_PASSWORD=secret", "--expose", "5432"];
    all.extend(flags);
    serve(env, name, &all, &["sh", "-c", POSTGRES]);
    env.until_logged(name, "database system is ready to accept connections");
}

#[test]
fn postgres_is_asked_by_the_host_and_its_volume_outlives_it() {
    let env = services();
    let flags = ["-p", "127.0.0.1::5432", "-v", "data:/var/lib/postgresql"];
    let psql = |words: &str| {
        let place = env.ok(["port", "db", "5432"]);
        let port = place.strip_prefix("127.0.0.1:").expect("an address and a port");
        let mut command = env.program("psql");
        command.args(["-h", "127.0.0.1", "-p", port, "-U", "postgres", "-Atqc", words]);
        command.env("PGPASSWORD", "secret").env("PGCONNECT_TIMEOUT", "10");
        finish(command, b"")
    };
    postgres(&env, "db", &flags);
    psql("create table words (word text); insert into words values ('kept')").code(0);
    // As an administrator would: nothing is lost, for PostgreSQL ends by itself.
    env.run(["stop", "-t", "10", "db"]).code(0);
    env.run(["rm", "db"]).code(0);
    postgres(&env, "db", &flags);
    psql("select word from words").code(0).stdout("kept\n");
    env.run(["rm", "-f", "db"]).code(0);
    env.run(["volume", "rm", "data"]).code(0);
}

/// The gateway of the Kong scenario: two ports with TLS, and one for its cluster.
const GATEWAY: &str = "
    certificate=/etc/ssl/certs/ssl-cert-snakeoil.pem key=/etc/ssl/private/ssl-cert-snakeoil.key
    cat >/etc/nginx/nginx.conf <<END
load_module modules/ngx_stream_module.so;
error_log /dev/stderr notice;
daemon off;
events {}
http {
    access_log off;
    ssl_certificate $certificate;
    ssl_certificate_key $key;
    server { listen 8000; listen 8443 ssl; location / { return 200 \"proxy \\$server_port\\n\"; } }
    server { listen 8001; location / { return 200 \"admin\\n\"; } }
}
stream {
    server { listen 7946; return tcp; }
    server { listen 7946 udp; return udp; }
}
END
    exec nginx";

#[test]
fn kong_has_a_linked_database_and_is_reloaded() {
    let env = services();
    postgres(&env, "kong-database", &[]);
    let mut flags = vec!["--link", "kong-database:kong-database"];
    for port in ["8000", "8443", "8001", "7946", "7946/udp"] {
        flags.extend(["-p", port]);
    }
    serve(&env, "kong", &flags, &["sh", "-c", GATEWAY]);
    env.until_logged("kong", "start worker process");
    let migrate = "PGPASSWORD=$KONG_DATABASE_ENV_POSTGRES_PASSWORD psql -h kong-database \
        -p $KONG_DATABASE_PORT_5432_TCP_PORT -U postgres -Atqc 'select 40 + 2'";
    env.run(["exec", "kong", "sh", "-c", migrate]).code(0).stdout("42\n");

    let port = |inside: &str| {
        let text = env.ok(["port", "kong", inside]);
        let place = text.lines().next().expect("a place");
        place.rsplit_once(':').expect("a port").1.to_string()
    };
    let get = |scheme: &str, inside: &str| {
        let url = format!("{scheme}://127.0.0.1:{}/", port(inside));
        let mut command = env.program("curl");
        command.args(["-sSk", "--max-time", "10", &url]);
        finish(command, b"").code(0).out()
    };
    assert_eq!(get("http", "8000"), "proxy 8000\n");
    assert_eq!(get("https", "8443"), "proxy 8443\n");
    assert_eq!(get("http", "8001"), "admin\n");
    let mut text = String::new();
    let mut stream = TcpStream::connect(format!("127.0.0.1:{}", port("7946"))).expect("connect");
    stream.set_read_timeout(Some(SOON)).expect("a time limit");
    stream.read_to_string(&mut text).expect("read");
    assert_eq!(text, "tcp");
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bind");
    socket.set_read_timeout(Some(SOON)).expect("a time limit");
    socket.send_to(b"x", format!("127.0.0.1:{}", port("7946/udp"))).expect("send");
    let mut buffer = [0; 16];
    let (length, _) = socket.recv_from(&mut buffer).expect("an answer");
    assert_eq!(&buffer[..length], b"udp");

    let change = "sed -i 's/admin/reloaded/' /etc/nginx/nginx.conf";
    env.run(["exec", "kong", "sh", "-c", change]).code(0);
    let mut reload = env.pty(["exec", "-it", "kong", "nginx", "-s", "reload"]);
    reload.expect("signal process started");
    reload.code(0);
    eventually("the gateway is reloaded", || get("http", "8001") == "reloaded\n");
}
