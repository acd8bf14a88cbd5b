//! Registries of a test's own: with passwords, TLS, client certificates and tokens.

use crate::env::{eventually, fixture};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

/// The user and the password of registries with an htpasswd file.
pub(crate) const USER: &str = "ann";
pub(crate) const PASSWORD: &str = "secret";
const HTPASSWD: &str = "ann:$2b$04$D4RZ8dJZiEuIMXM02.wga.5XhZh61cPQy8yV5KOAidW7e6kkB52dy\n";

/// Debian's docker-registry with the fixtures' images, on a port of its own.
pub(crate) struct Registry {
    pub(crate) address: String,
    child: Child,
}

impl Registry {
    /// Starts one. `more` is put into its configuration: the `http` section and others.
    pub(crate) fn start(dir: &Path, http: &str, more: &str) -> Registry {
        Registry::with_storage(dir, &fixture("registry"), http, more)
    }

    /// One of the test's own: it is empty and may be written to.
    pub(crate) fn empty(dir: &Path) -> Registry {
        let storage = dir.join("storage");
        std::fs::create_dir(&storage).expect("make the registry's directory");
        Registry::with_storage(dir, storage.to_str().expect("a plain path"), "", "")
    }

    /// One of the test's own that wants [`USER`] and [`PASSWORD`].
    pub(crate) fn empty_with_password(dir: &Path) -> Registry {
        let storage = dir.join("storage");
        std::fs::create_dir(&storage).expect("make the registry's directory");
        Registry::with_storage(dir, storage.to_str().expect("a plain path"), "", &password(dir))
    }

    fn with_storage(dir: &Path, storage: &str, http: &str, more: &str) -> Registry {
        let port = free_port();
        let address = format!("127.0.0.1:{port}");
        let config = dir.join(format!("registry-{port}.yaml"));
        let text = format!(
            "version: 0.1\nlog: {{ level: error }}\nstorage: {{ filesystem: {{ rootdirectory: {storage} }} }}\n\
             http:\n  addr: \"{address}\"\n{http}{more}"
        );
        std::fs::write(&config, text).expect("write the registry's configuration");
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("docker-registry is installed");
        let registry = Registry { address, child };
        eventually("the registry answers", || TcpStream::connect(&registry.address).is_ok());
        registry
    }

    /// One that wants [`USER`] and [`PASSWORD`].
    pub(crate) fn with_password(dir: &Path) -> Registry {
        Registry::start(dir, "", &password(dir))
    }

    /// The name of an image there.
    pub(crate) fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The part of a configuration that asks for a password.
pub(crate) fn password(dir: &Path) -> String {
    let file = dir.join("htpasswd");
    std::fs::write(&file, HTPASSWD).expect("write the htpasswd file");
    format!("auth: {{ htpasswd: {{ realm: test, path: {} }} }}\n", file.display())
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// An authority, a server's certificate for 127.0.0.1 and a client's, as files in `dir`:
/// `ca.crt`, `server.crt`, `server.key`, `client.cert`, `client.key`.
pub(crate) struct Certificates {
    dir: PathBuf,
}

impl Certificates {
    pub(crate) fn make(dir: &Path) -> Certificates {
        let made = Certificates { dir: dir.to_path_buf() };
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
        made.openssl(&format!("req -x509 {key} -subj /CN=test-authority -keyout ca.key -out ca.crt"));
        for (name, extension) in [("server", "subjectAltName=IP:127.0.0.1,DNS:localhost"), ("client", "")] {
            made.openssl(&format!("req -new {key} -subj /CN={name} -keyout {name}.key -out {name}.csr"));
            std::fs::write(made.path("ext"), format!("basicConstraints=CA:FALSE\n{extension}\n")).unwrap();
            made.openssl(&format!(
                "x509 -req -in {name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out {name}.crt"
            ));
        }
        std::fs::rename(made.path("client.crt"), made.path("client.cert")).unwrap();
        made
    }

    /// A certificate that signed itself, as the manuals of registries make them.
    pub(crate) fn self_signed(dir: &Path) -> Certificates {
        let made = Certificates { dir: dir.to_path_buf() };
        made.openssl(
            "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=registry \
             -addext subjectAltName=IP:127.0.0.1 -keyout server.key -out server.crt",
        );
        made
    }

    fn openssl(&self, words: &str) {
        let done = Command::new("openssl")
            .args(words.split_whitespace())
            .current_dir(&self.dir)
            .output()
            .expect("openssl is installed");
        assert!(done.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&done.stderr));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The `http` section for a registry with this certificate.
    pub(crate) fn section(&self, clients: bool) -> String {
        let path = |name: &str| self.path(name).display().to_string();
        let mut text =
            format!("  tls:\n    certificate: {}\n    key: {}\n", path("server.crt"), path("server.key"));
        if clients {
            text += &format!("    clientcas: [ {} ]\n", path("ca.crt"));
        }
        text
    }
}

/// A request as a test's own server sees it.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// All header lines, with lower-case names.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let start = format!("{name}: ");
        self.head.lines().find_map(|line| line.strip_prefix(start.as_str()))
    }

    fn read(client: &TcpStream) -> Option<Request> {
        let mut reader = BufReader::new(client.try_clone().ok()?);
        let mut first = String::new();
        reader.read_line(&mut first).ok()?;
        let mut words = first.split_whitespace();
        let (method, path) = (words.next()?.to_string(), words.next()?.to_string());
        let mut head = String::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 || line == "\r\n" {
                break;
            }
            let (name, value) = line.split_once(':')?;
            head += &format!("{}: {}\n", name.to_ascii_lowercase(), value.trim());
        }
        let mut request = Request { method, path, head, body: Vec::new() };
        let length = request.header("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
        reader.take(length).read_to_end(&mut request.body).ok()?;
        Some(request)
    }
}

/// What a test's own server answers.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Answer {
        Answer { status, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Answer {
        self.headers.push((name.to_string(), value.into()));
        self
    }

    fn write(&self, client: &mut TcpStream) -> std::io::Result<()> {
        let mut head = format!("HTTP/1.1 {} X\r\nConnection: close\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !self.headers.iter().any(|(name, _)| name == "Content-Length") {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        client.write_all(head.as_bytes())?;
        client.write_all(b"\r\n")?;
        client.write_all(&self.body)
    }
}

/// A server whose answers a test decides; lives as long as the test program.
pub(crate) struct Server {
    pub(crate) address: String,
    /// Every request so far.
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// Method, path and `Authorization` of a request.
type Seen = (String, String, Option<String>);

impl Server {
    pub(crate) fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&seen), Arc::new(answer));
        std::thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let request = Request::read(&client)?;
                    let authorization = request.header("authorization").map(str::to_string);
                    let line = (request.method.clone(), request.path.clone(), authorization);
                    log.lock().unwrap().push(line);
                    // A client that goes away is no failure.
                    answer(&request).write(&mut client).ok()
                });
            }
        });
        Server { address, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// Sends a request on to a real registry and returns its answer.
pub(crate) fn forward(registry: &str, request: &Request) -> Answer {
    let mut upstream = TcpStream::connect(registry).expect("the registry answers");
    let head: String = request
        .head
        .lines()
        .filter(|line| !line.starts_with("connection:") && !line.starts_with("authorization:"))
        .map(|line| format!("{line}\r\n"))
        .collect();
    write!(upstream, "{} {} HTTP/1.1\r\n{head}connection: close\r\n\r\n", request.method, request.path)
        .unwrap();
    upstream.write_all(&request.body).unwrap();
    let mut reader = BufReader::new(upstream);
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    let status = first.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a status");
    let mut answer = Answer::new(status, Vec::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        if !["connection", "transfer-encoding"].contains(&name.to_ascii_lowercase().as_str()) {
            answer = answer.with(name, value);
        }
    }
    reader.read_to_end(&mut answer.body).unwrap();
    answer
}
