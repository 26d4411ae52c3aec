//! Asks a program of this machine: the question on its standard input, the answer on its standard output. Not here: the time
//! limit, and what an answer means (mod.rs).

use super::LARGEST_ANSWER;
use crate::store::Failure;
use anyhow::{Context, ensure};
use secrecy::{ExposeSecret, SecretString};
use std::process::Stdio;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

/// What the program gets of this process's variables. The others may hold the master key and the keys of treasuries.
const HANDED_DOWN: [&str; 3] = ["PATH", "HOME", "LANG"];

/// Where it is, and its token: name of the variable and value.
pub(super) struct Program {
    pub(super) command: Vec<String>,
    pub(super) token: Option<(String, SecretString)>,
}

impl Program {
    /// Runs it once, without a shell. Dropping the future kills it. What it writes to its standard error is not read: it could
    /// quote the question.
    pub(super) async fn ask(&self, question: &[u8]) -> Result<Vec<u8>, Failure> {
        let (program, arguments) = self.command.split_first().context("the program has no name")?;
        let mut command = Command::new(program);
        command.args(arguments).env_clear();
        for name in HANDED_DOWN {
            if let Some(value) = crate::named_secrets::variable(name) {
                command.env(name, value);
            }
        }
        if let Some((name, token)) = &self.token {
            command.env(name, token.expose_secret());
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().context("the program cannot be run")?;
        let mut input = child.stdin.take().context("a program without standard input")?;
        let output = child.stdout.take().context("a program without standard output")?;
        let write = async {
            // A program may answer without reading all of the question.
            let _written = input.write_all(question).await;
            drop(input);
        };
        let mut answer = Vec::new();
        let mut limited = output.take(LARGEST_ANSWER as u64 + 1);
        let (read, ()) = tokio::join!(limited.read_to_end(&mut answer), write);
        read.context("the program's answer cannot be read")?;
        ensure!(answer.len() <= LARGEST_ANSWER, "an answer of more than {LARGEST_ANSWER} bytes");
        let status = child.wait().await.context("the program's end is not known")?;
        ensure!(status.success(), "the program failed: {status}");
        Ok(answer)
    }
}
