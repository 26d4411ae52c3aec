//! A PgBouncer in front of the tests' PostgreSQL, in any pool mode; stopped on drop.

use crate::conformance::bare_store::Place;
use outpay::testing::store::DatabaseUrl;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

pub struct PgBouncer {
    child: Child,
    url: String,
    _folder: TempDir,
}

impl PgBouncer {
    pub fn start(place: &Place, mode: &str) -> Self {
        let Place::Postgres { server, name } = place else { panic!("PgBouncer is for PostgreSQL") };
        let there: tokio_postgres::Config = server.parse().unwrap();
        let (user, to) = (there.get_user().unwrap(), there.get_ports()[0]);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={to} user={user}\n\
             [pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port={port}\nauth_type=any\npool_mode={mode}\nunix_socket_dir=\n"
        );
        std::fs::write(&file, text).unwrap();
        // Debian installs it where the PATH of an unprivileged user does not lead.
        let debian = Path::new("/usr/sbin/pgbouncer");
        let mut command = Command::new(if debian.exists() { debian } else { Path::new("pgbouncer") });
        command.arg("--quiet").arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
        if is_root() {
            // It refuses to run as root.
            open_to_all(folder.path());
            command.arg("--user=postgres");
        }
        let child = command.spawn().expect("PgBouncer is installed: ./test does so");
        let pooler =
            Self { child, url: format!("postgres://{user}@127.0.0.1:{port}/{name}"), _folder: folder };
        let listens = || TcpStream::connect(("127.0.0.1", port)).is_ok();
        let waits = |_| {
            std::thread::sleep(Duration::from_millis(10));
            listens()
        };
        assert!((0..2_000).any(waits), "PgBouncer does not listen");
        pooler
    }

    pub fn url(&self) -> DatabaseUrl {
        DatabaseUrl::parse(&self.url).unwrap()
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.starts_with(b"0\n")
}

fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}
