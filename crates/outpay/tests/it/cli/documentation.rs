//! Every command that the documentation shows: those of fenced blocks are run against a scratch installation or a demo, and
//! those in the text name commands and flags that exist. A command that this file cannot place fails the test.

use crate::cli::installation::{Ran, program};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Commands that are not run here: how they begin, and why.
const NOT_RUN: &[(&str, &str)] = &[
    ("./test", "runs this test"),
    ("cargo build", "the tests are run on a built program"),
    ("cargo deny check advisories", "needs a database from the network"),
    ("mkdir", "of RECOVERY.md: recover::the_recipes_work_as_they_stand_there runs that file"),
    ("mv", "of RECOVERY.md"),
    ("cp", "of RECOVERY.md"),
    ("OUTPAY_DATABASE=", "of RECOVERY.md"),
    ("OUTPAY_DATA=", "of RECOVERY.md"),
    ("export", "of RECOVERY.md"),
];
/// What the blocks show at least; fewer means that they are not read any more.
const FEWEST: usize = 25;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// README.md, CONTRIBUTING.md and all of docs/, with their texts.
fn pages() -> Vec<(String, String)> {
    let docs = std::fs::read_dir(root().join("docs")).unwrap().map(|file| file.unwrap().path());
    let mut paths: Vec<PathBuf> =
        ["README.md", "CONTRIBUTING.md"].iter().map(|name| root().join(name)).chain(docs).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "md"));
    paths.sort();
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap())).collect()
}

/// A command of a fenced block, and the line after it in a console's output.
#[derive(Debug)]
struct Shown {
    command: String,
    answer: String,
}

/// The commands of a page's blocks of shell, block by block. Those that need an empty machine are run by `xtask package`, which
/// finds them by these words behind `sh`.
fn blocks(text: &str) -> Vec<Vec<Shown>> {
    let (mut blocks, mut kind): (Vec<Vec<Shown>>, Option<&str>) = (Vec::new(), None);
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(word) = line.strip_prefix("```") {
            let needs_a_machine = ["sh install", "sh upgrade", "sh rollback"].contains(&word);
            let language = if needs_a_machine { "" } else { word.split(' ').next().unwrap() };
            kind = if kind.is_some() { None } else { Some(language) };
            blocks.extend(kind.map(|_| Vec::new()));
            continue;
        }
        let typed = match kind {
            Some("sh") => Some(line),
            Some("console") => line.strip_prefix("$ "),
            _ => None,
        };
        let Some(typed) = typed.map(str::trim).filter(|typed| !typed.is_empty() && !typed.starts_with('#'))
        else {
            continue;
        };
        let mut command = typed.to_owned();
        while let Some(more) = command.strip_suffix('\\') {
            command = format!("{more} {}", lines.next().unwrap().trim());
        }
        let answer = lines.peek().copied().unwrap_or_default().to_owned();
        blocks.last_mut().unwrap().push(Shown { command, answer });
    }
    blocks
}

/// A folder in which commands are typed, with the program in the path.
struct Desk {
    folder: tempfile::TempDir,
    /// Address and secret keys, live and test, of the server that requests go to.
    server: Option<(String, String, String)>,
    /// What the documentation writes with an ellipsis, and what it stands for.
    known: Vec<(String, String)>,
    running: Vec<Child>,
    ran: usize,
}

impl Drop for Desk {
    fn drop(&mut self) {
        for child in &mut self.running {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cards = "brand,face_value,code,pin,expires\nBookshop,2500,DOC-CARD-1,1234,\n";
        std::fs::write(folder.path().join("cards.csv"), cards).unwrap();
        std::fs::write(folder.path().join("people.csv"), "user@example.com,10000\n").unwrap();
        Self { folder, server: None, known: Vec::new(), running: Vec::new(), ran: 0 }
    }

    fn shell(&self, command: &str) -> Command {
        let mut shell = program();
        let typed = std::mem::replace(&mut shell, Command::new("sh"));
        for (name, _) in typed.get_envs() {
            shell.env_remove(name);
        }
        let programs = Path::new(env!("CARGO_BIN_EXE_outpay")).parent().unwrap();
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        shell.args(["-euc", command]).current_dir(self.folder.path()).env("PATH", path);
        shell.env("OUTPAY_LISTEN", "127.0.0.1:0").env("TMPDIR", self.folder.path());
        shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        shell
    }

    /// With the values of this run in the places of the documentation's examples.
    fn filled_in(&self, command: &str) -> String {
        let mut command = command.to_owned();
        if let Some((address, live, test)) = &self.server {
            for example in ["http://127.0.0.1:8080", "https://payouts.example.com"] {
                command = command.replace(example, &format!("http://{address}"));
            }
            command = command.replace("sk_live_…", live).replace("sk_test_…", test);
        }
        for (example, value) in &self.known {
            command = command.replace(example, value);
        }
        command
    }

    /// Runs a command to its end.
    fn run(&mut self, page: &str, command: &str) -> String {
        let ran = Ran::from(self.shell(&self.filled_in(command)).output().unwrap());
        assert_eq!(ran.code, 0, "{page}: {command}\n{}{}", ran.stdout, ran.stderr);
        self.ran += 1;
        ran.stdout
    }

    /// Starts a command that runs until it is stopped, and returns what it printed up to `words`.
    fn start(&mut self, page: &str, command: &str, words: &str, from_log: bool) -> String {
        let filled = self.filled_in(command);
        let mut child = self.shell(&format!("exec {filled}")).spawn().unwrap();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (said, other): (Box<dyn Read + Send>, Box<dyn Read + Send>) = if from_log {
            (Box::new(stderr), Box::new(stdout))
        } else {
            (Box::new(stdout), Box::new(stderr))
        };
        self.running.push(child);
        let mut said = BufReader::new(said);
        let mut text = String::new();
        while !text.contains(words) {
            assert_ne!(said.read_line(&mut text).unwrap(), 0, "{page}: {command} ended: {text}");
        }
        // Drained, or it would block on a full pipe.
        for mut rest in [Box::new(said) as Box<dyn Read + Send>, other] {
            std::thread::spawn(move || std::io::copy(&mut rest, &mut std::io::sink()));
        }
        self.ran += 1;
        text
    }

    /// A demo, whose business the requests of the documentation are of.
    fn demo(&mut self, page: &str, command: &str) {
        let listen = format!("{command} --listen 127.0.0.1:0");
        let text = self.start(page, &listen, "Ctrl-C stops it", false);
        let word = |start: &str| {
            let at = text.find(start).unwrap_or_else(|| panic!("no {start} in {text}"));
            text[at..].split(|c: char| c.is_whitespace() || "'\"".contains(c)).next().unwrap().to_owned()
        };
        let address =
            word("http://127.0.0.1:").trim_start_matches("http://").trim_end_matches('.').to_owned();
        self.server = Some((address, word("sk_live_"), word("sk_test_")));
    }

    /// A request; the next line of a console is its status.
    fn request(&mut self, page: &str, shown: &Shown) {
        if shown.command.contains("/reveal") {
            self.wait_for_the_card();
        }
        let output = self.run(page, &format!("{} -w '\\n%{{http_code}}'", without_comment(&shown.command)));
        let (body, status) = output.rsplit_once('\n').unwrap();
        let expected = if shown.answer.parse::<u16>().is_ok() { &shown.answer } else { "200" };
        assert_eq!(status, expected, "{page}: {}\n{body}", shown.command);
        let value: serde_json::Value = serde_json::from_str(body).unwrap();
        if let Some(hash) = value["hash"].as_str() {
            let of_test_money = shown.command.contains("sk_test_…");
            let example = if of_test_money { "4n2qk7wy3hda…" } else { "gyrwhpig2gbf…" };
            self.known.push((example.to_owned(), hash.to_owned()));
        }
        if let Some(id) = value["id"].as_str().filter(|id| id.starts_with("ord_")) {
            self.known.push(("ord_0d7f0f0e-…".to_owned(), id.to_owned()));
        }
    }

    /// The documentation's reader has taken a moment to read.
    fn wait_for_the_card(&self) {
        let ask = "curl -s http://127.0.0.1:8080/payout/operations/ord_0d7f0f0e-… -H 'X-Payout-Hash: gyrwhpig2gbf…'";
        for _ in 0..300 {
            let ran = Ran::from(self.shell(&self.filled_in(ask)).output().unwrap());
            if ran.stdout.contains(r#""status":"succeeded""#) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("the card is not delivered");
    }

    /// Runs a command that a page shows. `false`: it is listed as not run here.
    fn place(&mut self, page: &str, shown: &Shown) -> bool {
        let command = without_comment(&shown.command);
        let demo = command.strip_prefix("cargo run --release -- ").or(command.strip_prefix("cargo run -- "));
        if page == "RECOVERY.md" || NOT_RUN.iter().any(|(start, _)| command.starts_with(start)) {
            return false;
        }
        if let Some(demo) = demo {
            self.demo(page, &format!("outpay {demo}"));
            return true;
        }
        match command {
            _ if command.starts_with("outpay serve") => {
                drop(self.start(page, command, "listening", true));
            }
            _ if command.contains("outpay listen ") => {
                let (settings, command) = command.split_at(command.find("outpay").unwrap());
                drop(self.start(page, &format!("env {settings}{command}"), "forwarding to", false));
            }
            _ if command.starts_with("outpay ") => drop(self.run(page, command)),
            _ if command.starts_with("curl ") => self.request(page, shown),
            _ => panic!("{page} shows a command that this test cannot place: {command}"),
        }
        true
    }
}

/// The command before the blanks and the `#` of a comment.
fn without_comment(command: &str) -> &str {
    command.split("  #").next().unwrap().trim()
}

mod sqlite {
    use super::*;

    #[test]
    fn every_command_of_the_blocks_works() {
        let mut desk = Desk::new();
        let mut listed = Vec::new();
        // README.md first: its first command starts the demo that requests go to.
        let mut pages = pages();
        pages.sort_by_key(|(name, _)| name != "README.md");
        for (page, text) in &pages {
            for shown in blocks(text).iter().flatten() {
                if !desk.place(page, shown) {
                    listed.push(format!("{page}: {}", shown.command));
                }
            }
        }
        println!("{} commands of the documentation were run; {} are not run here:", desk.ran, listed.len());
        println!("{}", listed.join("\n"));
        assert!(desk.ran >= FEWEST, "only {} commands were found", desk.ran);
    }

    #[test]
    fn every_command_of_the_text_exists_with_its_flags() {
        let mut spans = BTreeSet::new();
        for (page, text) in pages() {
            // The code between backquotes outside of blocks.
            let outside: String = text.split("```").step_by(2).collect();
            let codes = outside.split('`').skip(1).step_by(2);
            let typed = codes.map(|code| code.split_whitespace().collect::<Vec<_>>().join(" "));
            spans.extend(typed.filter(|code| code.starts_with("outpay ")).map(|code| (page.clone(), code)));
        }
        assert!(spans.len() >= 50, "only {} commands are in the text", spans.len());
        for (page, code) in &spans {
            let is_command = |word: &&str| {
                word.split('|').all(|one| one.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
            };
            let words = code.split(' ').skip(1);
            let path: Vec<&str> =
                words.take_while(|word| !word.starts_with('-') && is_command(word)).collect();
            let last: Vec<&str> = path.last().map_or_else(Vec::new, |last| last.split('|').collect());
            for one in last {
                let words = [&path[..path.len() - 1], &[one]].concat();
                let help = Ran::from(program().args(&words).arg("--help").output().unwrap());
                assert_eq!(help.code, 0, "{page}: `{code}`: {}", help.stderr);
                let flags = code.split([' ', '[', ']', '|', '=']).filter(|word| word.starts_with("--"));
                for flag in flags.map(|flag| flag.trim_end_matches(',')) {
                    assert!(help.stdout.contains(flag), "{page}: `{code}`: there is no {flag}");
                }
            }
        }
    }
}
