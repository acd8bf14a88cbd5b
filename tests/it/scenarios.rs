//! Real servers from Debian's packages, put together as people do.

use crate::env::{Env, SOON, User, eventually, finish};
use crate::network::a_host_of_its_own;
use std::collections::BTreeSet;
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

/// PostgreSQL with a password for those who come by the network, set once in the volume; and with the
/// user and the database that its variables name.
const POSTGRES: &str = "
    data=/var/lib/postgresql/15/main etc=/etc/postgresql/15/main bin=/usr/lib/postgresql/15/bin
    echo 'host all all all scram-sha-256' >>$etc/pg_hba.conf
    mkdir -p /run/postgresql; chown postgres /run/postgresql
    echo \"alter user postgres password '$POSTGRES_PASSWORD'\" |
        runuser -u postgres -- $bin/postgres --single -D $data -c config_file=$etc/postgresql.conf postgres
    [ -z \"$POSTGRES_USER\" ] ||
        printf \"create role $POSTGRES_USER superuser login password '$POSTGRES_PASSWORD'\\ncreate database $POSTGRES_DB\\n\" |
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
    log_format who '\\$remote_addr asked for \\$uri';
    access_log /dev/stdout who;
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
    // Its own host, so that each port is free, and clients have addresses.
    a_host_of_its_own(&["203.0.113.7/32", "203.0.113.8/32"]);
    let env = services();
    let flags = ["-p", "5432:5432", "-e", "POSTGRES_USER=kong", "-e", "POSTGRES_DB=kong"];
    postgres(&env, "kong-database", &flags);
    let mut flags = vec!["--link", "kong-database:kong-database", "-e", "KONG_PG_HOST=kong-database"];
    for port in ["8000:8000", "8443:8443", "8001:8001", "7946:7946", "7946:7946/udp"] {
        flags.extend(["-p", port]);
    }
    serve(&env, "kong", &flags, &["sh", "-c", GATEWAY]);
    env.until_logged("kong", "start worker process");
    let migrate = "PGPASSWORD=$KONG_DATABASE_ENV_POSTGRES_PASSWORD psql -h $KONG_PG_HOST \
        -p $KONG_DATABASE_PORT_5432_TCP_PORT -U $KONG_DATABASE_ENV_POSTGRES_USER \
        -Atqc 'select 40 + 2' $KONG_DATABASE_ENV_POSTGRES_DB";
    env.run(["exec", "kong", "sh", "-c", migrate]).code(0).stdout("42\n");

    let get = |scheme: &str, port: &str| {
        let url = format!("{scheme}://203.0.113.8:{port}/");
        let mut command = env.program("curl");
        command.args(["-sSk", "--max-time", "10", "--interface", "203.0.113.7", &url]);
        finish(command, b"").code(0).out()
    };
    assert_eq!(get("http", "8000"), "proxy 8000\n");
    assert_eq!(get("https", "8443"), "proxy 8443\n");
    assert_eq!(get("http", "8001"), "admin\n");
    // Who asks is in its log.
    env.until_logged("kong", "203.0.113.7 asked for /");
    let mut text = String::new();
    let mut stream = TcpStream::connect("127.0.0.1:7946").expect("connect");
    stream.set_read_timeout(Some(SOON)).expect("a time limit");
    stream.read_to_string(&mut text).expect("read");
    assert_eq!(text, "tcp");
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bind");
    socket.set_read_timeout(Some(SOON)).expect("a time limit");
    socket.send_to(b"x", "127.0.0.1:7946").expect("send");
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

/// Asks the database that is named to call it, and prints the body of each request that it is sent.
const SUBSCRIBER: &str = "
import os, socket, time
from urllib.parse import quote, urlsplit
def tell(words):
    url = urlsplit(os.environ['KAPACITOR_INFLUXDB_0_URLS_0'])
    with socket.create_connection((url.hostname, url.port)) as database:
        request = 'POST /query?q=' + quote(words) + ' HTTP/1.0\\r\\nHost: influxdb\\r\\n\\r\\n'
        database.sendall(request.encode())
        answer = database.makefile().read()
    assert ' 200 OK' in answer and 'error' not in answer, answer
while True:
    try:
        tell('create database telegraf')
        break
    except OSError:
        time.sleep(0.1)
tell(\"create subscription kapacitor on telegraf.autogen destinations all 'http://kapacitor:9092'\")
server = socket.create_server(('', 9092))
print('listening', flush=True)
while True:
    peer, _ = server.accept()
    data = b''
    while b'\\r\\n\\r\\n' not in data:
        data += peer.recv(65536)
    head, body = data.split(b'\\r\\n\\r\\n', 1)
    lengths = [line for line in head.lower().split(b'\\r\\n') if line.startswith(b'content-length:')]
    while len(body) < int(lengths[0].split(b':')[1]):
        body += peer.recv(65536)
    print('point', body.decode(), flush=True)
    peer.sendall(b'HTTP/1.1 204 No Content\\r\\nConnection: close\\r\\n\\r\\n')
    peer.close()
";

#[test]
fn kapacitor_is_called_back_by_influxdb() {
    a_host_of_its_own(&[]);
    let env = services();
    // A configuration as the program writes it, without a terminal's line ends.
    let config = env.run(["run", "--rm", "services", "influxd", "config"]).code(0).out();
    assert!(config.contains("[meta]") && !config.contains('\r'), "{config}");
    let config = format!("{}:/etc/influxdb/influxdb.conf:ro", env.file("influxdb.conf", config));
    env.run(["network", "create", "influxdb"]).code(0);
    let flags = ["--net=influxdb", "-p", "8086:8086", "-v", &config, "-v", "influxdb:/var/lib/influxdb"];
    serve(&env, "influxdb", &flags, &["influxd", "-config", "/etc/influxdb/influxdb.conf"]);
    let url = "KAPACITOR_INFLUXDB_0_URLS_0=http://influxdb:8086";
    let flags = ["-p", "9092:9092", "-h", "kapacitor", "--net=influxdb", "-e", url];
    serve(&env, "kapacitor", &flags, &["python3", "-c", SUBSCRIBER]);
    env.until_logged("kapacitor", "listening");
    // The client shares the server's network: localhost is the server.
    let client = |words: &str| {
        env.run(["run", "--rm", "--net=container:influxdb", "services", "influx", "-execute", words])
    };
    client("show subscriptions").code(0).stdout_contains("http://kapacitor:9092");
    // So does a shell beside the subscriber, with the user's directory.
    env.file("notes", "mine\n");
    let here = format!("{}:/root", env.tmp().display());
    let network = "--net=container:kapacitor";
    let mut shell =
        env.pty(["run", "--rm", network, "-v", &here, "-w=/root", "-it", "services", "bash", "-l"]);
    shell.send("cat notes; grep -c :2384 /proc/net/tcp* | tr : ' '; exit\n");
    shell.expect("mine");
    shell.expect("/proc/net/tcp 1");
    shell.code(0);
    let url = "http://127.0.0.1:8086/write?db=telegraf";
    // A subscription counts from the moment at which InfluxDB has seen it.
    eventually("the subscriber is called by its name", || {
        let mut write = env.program("curl");
        write.args(["-sS", "--max-time", "10", "--data-binary", "cpu,host=one value=42", url]);
        finish(write, b"").code(0);
        env.ok(["logs", "kapacitor"]).contains("point cpu,host=one value=42")
    });
    client("select last(value) from telegraf.autogen.cpu").code(0).stdout_matches(r"\s42\s*$");
}

#[test]
fn an_ambassador_stands_between_two_networks() {
    let env = services();
    for network in ["servers", "clients"] {
        env.run(["network", "create", network]).code(0);
    }
    serve(&env, "redis", &["--net=servers", "--expose", "6379"], &REDIS);
    env.until_logged("redis", "Ready to accept connections");
    // What it forwards is what its links' variables say.
    let forward = r"env | grep _TCP= | sed 's!.*_PORT_\([0-9]*\)_TCP=tcp://\(.*\):\(.*\)!socat -d -d TCP4-LISTEN:\1,fork,reuseaddr TCP4:\2:\3!' | sh";
    let flags = ["--net=servers", "--link", "redis:redis", "--expose", "6379"];
    serve(&env, "redis_ambassador", &flags, &["sh", "-c", forward]);
    env.until_logged("redis_ambassador", "listening on");
    env.run(["network", "connect", "clients", "redis_ambassador"]).code(0);
    let ask = "redis-cli -h redis set greeting hello && \
        redis-cli -h $REDIS_PORT_6379_TCP_ADDR -p $REDIS_PORT_6379_TCP_PORT get greeting";
    let client = ["--net=clients", "--link", "redis_ambassador:redis"];
    once(&env, &client, ask).code(0).stdout("OK\nhello\n");
    // Without it there is no way.
    let direct = env.ok(["inspect", "-f", "{{.NetworkSettings.Networks.servers.IPAddress}}", "redis"]);
    let script = format!("timeout 2 redis-cli -h {direct} get greeting");
    assert_ne!(once(&env, &["--net=clients"], &script).code, Some(0));
}

#[test]
fn haproxy_finds_three_backends_by_one_alias() {
    let env = services();
    env.run(["network", "create", "web-net"]).code(0);
    let backend = "echo \"daemon off; error_log /dev/stderr notice; events {} http { access_log off;
        server { listen 80; return 200 '$(hostname)'; } }\" >/etc/nginx/nginx.conf; exec nginx";
    for name in ["one", "two", "three"] {
        let flags = ["--net=web-net", "--network-alias", "web", "-h", name];
        serve(&env, name, &flags, &["sh", "-c", backend]);
    }
    let balance = "cat >/tmp/haproxy.cfg <<END
resolvers here
    parse-resolv-conf
    timeout resolve 200ms
    hold valid 200ms
    hold nx 200ms
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen web
    bind :8080
    server-template web 3 web:80 check inter 200ms resolvers here init-addr none resolve-prefer ipv4
END
    exec haproxy -db -f /tmp/haproxy.cfg";
    let flags = ["--net=web-net", "-p", "127.0.0.1::8080"];
    serve(&env, "balance", &flags, &["sh", "-c", balance]);
    let url = format!("http://{}/", env.ok(["port", "balance", "8080"]));
    let answer = || {
        let mut command = env.program("curl");
        command.args(["-sS", "--max-time", "10", &url]);
        finish(command, b"").out()
    };
    let mut seen = BTreeSet::new();
    eventually("each backend has answered", || {
        seen.insert(answer());
        ["one", "two", "three"].iter().all(|name| seen.contains(*name))
    });
    // One that goes is soon not asked any more.
    env.run(["stop", "-t", "5", "two"]).code(0);
    eventually("the others answer alone", || {
        let few: Vec<String> = (0..6).map(|_| answer()).collect();
        few.iter().all(|name| name == "one" || name == "three")
    });
}
