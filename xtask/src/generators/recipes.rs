//! How each generator is run, and how what it made is compiled.

use std::path::PathBuf;
use std::pin::Pin;

use anyhow::{Error, Result};

use super::{Bench, run_in};

/// What was made.
pub enum Client {
    /// Types, with a program that was compiled against them.
    Types,
    /// A program, and the arguments before the step.
    Program(Vec<PathBuf>),
}

/// Which column failed: 0 generating, 1 compiling.
type Failed = (usize, Error);
type Making<'a> = Pin<Box<dyn Future<Output = Result<Client, Failed>> + 'a>>;
pub type Make = for<'a> fn(&'a Bench) -> Making<'a>;

pub struct Recipe {
    pub name: &'static str,
    pub make: Make,
}

pub const RECIPES: [Recipe; 6] = [
    Recipe { name: "openapi-generator python", make: |bench| Box::pin(python(bench)) },
    Recipe { name: "openapi-generator php", make: |bench| Box::pin(php(bench)) },
    Recipe { name: "openapi-generator go", make: |bench| Box::pin(go(bench)) },
    Recipe { name: "openapi-python-client", make: |bench| Box::pin(python_client(bench)) },
    Recipe { name: "openapi-typescript", make: |bench| Box::pin(typescript(bench)) },
    Recipe { name: "progenitor", make: |bench| Box::pin(progenitor(bench)) },
];

const GENERATING: fn(Error) -> Failed = |error| (0, error);
const COMPILING: fn(Error) -> Failed = |error| (1, error);

fn paths(arguments: &[&dyn AsRef<std::path::Path>]) -> Vec<PathBuf> {
    arguments.iter().map(|one| one.as_ref().to_path_buf()).collect()
}

/// openapi-generator, a program for Java, which its package from PyPI carries.
async fn openapi_generator(bench: &Bench, language: &str) -> Result<(), Failed> {
    let properties = "packageName=outpay,invokerPackage=Outpay,enumClassPrefix=true";
    let arguments = paths(&[
        &"generate",
        &"-g",
        &language,
        &"-i",
        &bench.document,
        &"-o",
        &bench.folder,
        &"--additional-properties",
        &properties,
    ]);
    run_in(&bench.folder, bench.python.join("bin/openapi-generator-cli"), arguments)
        .await
        .map_err(GENERATING)?;
    Ok(())
}

async fn python(bench: &Bench) -> Result<Client, Failed> {
    openapi_generator(bench, "python").await?;
    let python = bench.python.join("bin/python");
    // It writes a module for the webhooks too, without types (7.26: `signature: ,`); nothing imports that one.
    let compile = ["-m", "compileall", "-q", "-x", "webhook_events_api", "outpay"];
    run_in(&bench.folder, &python, compile).await.map_err(COMPILING)?;
    run_in(&bench.folder, &python, ["-c", "import outpay"]).await.map_err(COMPILING)?;
    Ok(Client::Program(vec![python, bench.peers.join("programs/openapi_generator.py")]))
}

async fn php(bench: &Bench) -> Result<Client, Failed> {
    openapi_generator(bench, "php").await?;
    // Composer's registry is not needed: Guzzle is a Debian package, and the rest loads by its name.
    let loader = format!(
        "<?php\nrequire \"/usr/share/php/GuzzleHttp/autoload.php\";\nspl_autoload_register(function ($class) {{\n    $file = \"{}/lib/\" . \
         str_replace(\"\\\\\", \"/\", substr($class, 7)) . \".php\";\n    if (is_file($file)) require $file;\n}});\n",
        bench.folder.display()
    );
    let file = bench.folder.join("loader.php");
    std::fs::write(&file, loader).map_err(|error| COMPILING(error.into()))?;
    let every = "find lib -name '*.php' -print0 | xargs -0 -n1 php -l";
    run_in(&bench.folder, "sh", ["-c", every]).await.map_err(COMPILING)?;
    let before = format!("auto_prepend_file={}", file.display());
    Ok(Client::Program(paths(&[&"php", &"-d", &before, &bench.peers.join("programs/openapi_generator.php")])))
}

async fn go(bench: &Bench) -> Result<Client, Failed> {
    openapi_generator(bench, "go").await?;
    // It asks for the newest Go, and uses nothing of it.
    run_in(&bench.folder, "sed", ["-i", "s/^go 1\\..*/go 1.19/;/^toolchain/d", "go.mod"])
        .await
        .map_err(COMPILING)?;
    let steps = bench.folder.join("steps");
    std::fs::create_dir(&steps).map_err(|error| COMPILING(error.into()))?;
    let program = bench.peers.join("programs/openapi_generator.go");
    std::fs::copy(program, steps.join("main.go")).map_err(|error| COMPILING(error.into()))?;
    run_in(&bench.folder, "go", ["vet", ".", "./steps"]).await.map_err(COMPILING)?;
    run_in(&bench.folder, "go", ["build", "-o", "program", "./steps"]).await.map_err(COMPILING)?;
    Ok(Client::Program(vec![bench.folder.join("program")]))
}

async fn python_client(bench: &Bench) -> Result<Client, Failed> {
    let bin = bench.python.join("bin");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let mut generator = tokio::process::Command::new(bin.join("openapi-python-client"));
    generator.args(["generate", "--meta", "none", "--fail-on-warning", "--path"]).arg(&bench.document);
    generator.arg("--output-path").arg(bench.folder.join("outpay_client")).env("PATH", path);
    super::told(&mut generator).await.map_err(GENERATING)?;
    let python = bin.join("python");
    let import = "import outpay_client.models, outpay_client.api.payouts.create_payout";
    run_in(&bench.folder, &python, ["-c", import]).await.map_err(COMPILING)?;
    Ok(Client::Program(vec![python, bench.peers.join("programs/python_client.py")]))
}

async fn typescript(bench: &Bench) -> Result<Client, Failed> {
    let npm = bench.peers.join("node_modules/.bin");
    let types = bench.folder.join("outpay.ts");
    let arguments = paths(&[&bench.document, &"-o", &types]);
    run_in(&bench.folder, npm.join("openapi-typescript"), arguments).await.map_err(GENERATING)?;
    let program = bench.folder.join("program.ts");
    std::fs::copy(bench.peers.join("programs/types.ts"), &program)
        .map_err(|error| COMPILING(error.into()))?;
    let compiler = [
        "--strict",
        "--noEmit",
        "--target",
        "es2022",
        "--module",
        "nodenext",
        "--lib",
        "es2022,dom",
        "program.ts",
    ];
    run_in(&bench.folder, npm.join("tsc"), compiler).await.map_err(COMPILING)?;
    Ok(Client::Types)
}

/// Two crates, because the one that generates is the one whose document is wrong where it fails.
async fn progenitor(bench: &Bench) -> Result<Client, Failed> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let write = |file: &str, text: String| {
        let file = bench.folder.join(file);
        let folder = file.parent().map(std::fs::create_dir_all);
        folder.transpose().and_then(|_| std::fs::write(&file, text)).map_err(|error| GENERATING(error.into()))
    };
    let package = |name: &str, dependencies: &str| {
        format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n{dependencies}"
        )
    };
    write(
        "generate/Cargo.toml",
        package(
            "generate",
            "openapiv3 = \"2\"\nprettyplease = \"0.2\"\nprogenitor-impl = \"0.15\"\nserde_json = \"1\"\nsyn = \"2\"\n",
        ),
    )?;
    let main = "fn main() {\n    let mut paths = std::env::args().skip(1);\n    let text = std::fs::read_to_string(paths.next().unwrap()).unwrap();\n    \
        let document: openapiv3::OpenAPI = serde_json::from_str(&text).unwrap();\n    \
        let tokens = progenitor_impl::Generator::default().generate_tokens(&document).unwrap();\n    \
        std::fs::write(paths.next().unwrap(), prettyplease::unparse(&syn::parse2(tokens).unwrap())).unwrap();\n}\n";
    write("generate/src/main.rs", main.to_owned())?;
    let target = bench.folder.join("target");
    let generate = paths(&[
        &"run",
        &"--quiet",
        &"--manifest-path",
        &"generate/Cargo.toml",
        &"--target-dir",
        &target,
        &"--",
        &bench.older,
        &bench.folder.join("generated.rs"),
    ]);
    run_in(&bench.folder, &cargo, generate).await.map_err(GENERATING)?;
    let dependencies = "bytes = \"1\"\nchrono = { version = \"0.4\", features = [\"serde\"] }\nfutures-core = \"0.3\"\nprogenitor-client = \"0.15\"\n\
        regress = \"0.11\"\nreqwest = { version = \"0.13\", features = [\"json\", \"query\", \"stream\"] }\nserde = { version = \"1\", features = [\"derive\"] }\nserde_json = \"1\"\n\
        serde_urlencoded = \"0.7\"\ntokio = { version = \"1\", features = [\"full\"] }\n";
    write("client/Cargo.toml", package("client", dependencies))?;
    let copy = |from: PathBuf, to: &str| {
        std::fs::create_dir_all(bench.folder.join("client/src"))
            .and_then(|()| std::fs::copy(from, bench.folder.join(to)))
            .map_err(|error| COMPILING(error.into()))
    };
    copy(bench.folder.join("generated.rs"), "client/src/generated.rs")?;
    copy(bench.peers.join("programs/progenitor.rs"), "client/src/main.rs")?;
    let build =
        paths(&[&"build", &"--quiet", &"--manifest-path", &"client/Cargo.toml", &"--target-dir", &target]);
    run_in(&bench.folder, &cargo, build).await.map_err(COMPILING)?;
    Ok(Client::Program(vec![target.join("debug/client")]))
}
