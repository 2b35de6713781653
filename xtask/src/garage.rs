//! The S3 tests against a real cluster of one: Garage, which `cargo install garage` builds in some minutes.

use crate::{Result, root};
use clap::Args;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where Garage is.
#[derive(Args)]
pub(crate) struct Garage {
    /// The `garage` program
    #[arg(long, default_value = "garage")]
    binary: PathBuf,
}

/// The server, ended at the end.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const BUCKET: &str = "twin";

impl Garage {
    pub(crate) fn run(&self) -> Result<()> {
        let dir = tempfile::tempdir()?;
        let config = dir.path().join("garage.toml");
        let (rpc, s3) = (free_port()?, free_port()?);
        std::fs::write(&config, settings(dir.path(), rpc, s3))?;
        let server = Command::new(&self.binary)
            .args(["-c", &config.display().to_string(), "server"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| {
                format!("{}: {error}. Install it with `cargo install garage --locked`", self.binary.display())
            })?;
        let _server = Server(server);
        let garage = |arguments: &[&str]| self.ask(&config, arguments);
        let began = Instant::now();
        let node = loop {
            match garage(&["node", "id", "-q"]) {
                // It answers for itself before the network does: wait until the cluster is seen too.
                Ok(id) if garage(&["status"]).is_ok() => break id,
                Err(error) if began.elapsed() > Duration::from_secs(20) => return Err(error),
                _ => std::thread::sleep(Duration::from_millis(200)),
            }
        };
        let node = node.trim().split('@').next().unwrap_or_default().to_owned();
        garage(&["layout", "assign", "-z", "here", "-c", "1G", &node])?;
        garage(&["layout", "apply", "--version", "1"])?;
        let key = garage(&["key", "create", "twin"])?;
        garage(&["bucket", "create", BUCKET])?;
        garage(&["bucket", "allow", "--read", "--write", "--owner", BUCKET, "--key", "twin"])?;
        let after = |name: &str| {
            let line = key.lines().find_map(|line| line.trim().strip_prefix(name));
            line.map(|value| value.trim().to_owned()).ok_or(format!("no {name:?} in what `garage key create` says"))
        };
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo)
            .args(["test", "--package", "didymos-vault", "--test", "s3", "--", "--nocapture"])
            .current_dir(root())
            .env("TWIN_S3_TEST_ENDPOINT", format!("http://127.0.0.1:{s3}"))
            .env("TWIN_S3_TEST_REGION", "garage")
            .env("TWIN_S3_TEST_BUCKET", BUCKET)
            .env("TWIN_S3_TEST_KEY", after("Key ID:")?)
            .env("TWIN_S3_TEST_SECRET", after("Secret key:")?)
            .status()?;
        if status.success() { Ok(()) } else { Err("the S3 tests fail against Garage".into()) }
    }

    fn ask(&self, config: &Path, arguments: &[&str]) -> Result<String> {
        let output = Command::new(&self.binary).arg("-c").arg(config).args(arguments).output()?;
        if output.status.success() {
            return Ok(String::from_utf8(output.stdout)?);
        }
        Err(format!("garage {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)).into())
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A node that is a cluster by itself, on loopback, with its files in `dir`. The secret guards nothing but this run.
fn settings(dir: &Path, rpc: u16, s3: u16) -> String {
    let dir = dir.display();
    let secret = "5e".repeat(32);
    format!(
        "metadata_dir = \"{dir}/meta\"\ndata_dir = \"{dir}/data\"\ndb_engine = \"sqlite\"\nreplication_factor = 1\n\
         rpc_bind_addr = \"127.0.0.1:{rpc}\"\nrpc_public_addr = \"127.0.0.1:{rpc}\"\nrpc_secret = \"{secret}\"\n\
         [s3_api]\ns3_region = \"garage\"\napi_bind_addr = \"127.0.0.1:{s3}\"\n"
    )
}
