//! Hosts: a network namespace each, with one link to a hub that lies in a namespace too. Nothing leaves them.

use super::forward::{PORT_FIRST, address};
use crate::Result;
use std::process::{Child, Command, Stdio};

/// Some hosts and the hub between them. Dropping it takes all of it away.
pub(super) struct Hosts {
    prefix: String,
    pub(super) count: usize,
    forward: Option<Child>,
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
}

fn ip(line: &str) -> Result<()> {
    run(Command::new("ip").args(line.split(' ')))
}

impl Hosts {
    /// Why there can be none here, if there cannot.
    pub(super) fn refused() -> Option<String> {
        let probe = format!("twin-probe-{}", std::process::id());
        let tried = ip(&format!("netns add {probe}")).and_then(|()| {
            let table = "add table ip probe; delete table ip probe";
            let mut nft = Command::new("ip");
            let allowed = run(nft.args(["netns", "exec", &probe, "nft", table]));
            ip(&format!("netns del {probe}")).and(allowed)
        });
        tried.err().map(|error| error.to_string())
    }

    /// Makes `count` hosts, with so much loss between them, in percent.
    pub(super) fn new(count: usize, loss_percent: u8) -> Result<Self> {
        let hosts = Self { prefix: format!("twin-{}-", std::process::id()), count, forward: None };
        let hub = hosts.hub();
        ip(&format!("netns add {hub}"))?;
        ip(&format!("-n {hub} link set lo up"))?;
        let mut redirects = String::new();
        for host in 0..count {
            let (name, net) = (hosts.name(host), host + 1);
            ip(&format!("netns add {name}"))?;
            ip(&format!("link add v{net} netns {hub} type veth peer name eth0 netns {name}"))?;
            ip(&format!("-n {hub} addr add 10.77.{net}.1/24 dev v{net}"))?;
            ip(&format!("-n {hub} link set v{net} up"))?;
            ip(&format!("-n {name} addr add {}/24 dev eth0", address(host)))?;
            ip(&format!("-n {name} link set eth0 up"))?;
            ip(&format!("-n {name} link set lo up"))?;
            ip(&format!("-n {name} route add default via 10.77.{net}.1"))?;
            redirects.push_str(&format!(
                "ip daddr {} udp dport {} redirect to :{}\n",
                address(host),
                didymos_twin::PORT,
                PORT_FIRST + host as u16
            ));
        }
        let rules = format!(
            "table ip distance {{\n\
             chain way {{ type nat hook prerouting priority -100; policy accept;\n{redirects}}}\n\
             chain loss {{ type filter hook input priority 0; policy accept;\n\
             iifname \"v*\" meta l4proto udp numgen random mod 100 < {loss_percent} drop\n}}\n}}\n"
        );
        run(Self::command_at(&hub, "nft").arg(rules))?;
        Ok(hosts)
    }

    /// Lets datagrams take their time.
    pub(super) fn forward(&mut self, delay_ms: u64, jitter_ms: u64) -> Result<()> {
        let me = std::env::current_exe()?;
        let mut command = Self::command_at(&self.hub(), &me.display().to_string());
        command.args(["net-forward", "--hosts", &self.count.to_string()]);
        command.args(["--delay-ms", &delay_ms.to_string(), "--jitter-ms", &jitter_ms.to_string()]);
        self.forward = Some(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?);
        Ok(())
    }

    fn hub(&self) -> String {
        format!("{}hub", self.prefix)
    }

    fn name(&self, host: usize) -> String {
        format!("{}{host}", self.prefix)
    }

    fn command_at(namespace: &str, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace, program]);
        command
    }

    /// A program on a host.
    pub(super) fn command(&self, host: usize, program: &str) -> Command {
        Self::command_at(&self.name(host), program)
    }

    /// Takes a host's link down, or up again.
    pub(super) fn link(&self, host: usize, up: bool) -> Result<()> {
        ip(&format!("-n {} link set v{} {}", self.hub(), host + 1, if up { "up" } else { "down" }))
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        if let Some(mut forward) = self.forward.take() {
            let _ = forward.kill();
            let _ = forward.wait();
        }
        for host in 0..self.count {
            let _ = ip(&format!("netns del {}", self.name(host)));
        }
        let _ = ip(&format!("netns del {}", self.hub()));
    }
}
