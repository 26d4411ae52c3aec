//! What generators make of the document compiles, and calls a running server: pays, reads an error by its type, reads a list
//! page by page, withdraws. The full form with more generators is `xtask generators`.

use super::peers::{documents, from_npm, from_pypi, funded, ours, run};
use crate::rails::program::Program;

#[test]
fn openapi_typescript_makes_types_that_a_strict_compiler_takes() {
    let folder = tempfile::tempdir().unwrap();
    for document in documents(folder.path()) {
        let types = folder.path().join("outpay.ts");
        run(from_npm("openapi-typescript").arg(&document).arg("-o").arg(&types));
        let program = folder.path().join("program.ts");
        std::fs::copy(ours("programs/types.ts"), &program).unwrap();
        let mut compiler = from_npm("tsc");
        compiler.args(["--strict", "--noEmit", "--target", "es2022", "--module", "nodenext"]);
        run(compiler.args(["--lib", "es2022,dom"]).arg(&program));
    }
}

#[test]
fn openapi_python_client_makes_a_client_that_pays_and_withdraws() {
    let folder = tempfile::tempdir().unwrap();
    let [document, _] = documents(folder.path());
    let mut generator = from_pypi("openapi-python-client");
    generator.args(["generate", "--meta", "none", "--fail-on-warning"]).arg("--path").arg(document);
    // The generator calls ruff, which is beside it.
    let bin = std::path::PathBuf::from(generator.get_program()).parent().unwrap().to_owned();
    let path = std::env::var("PATH").unwrap();
    generator.env("PATH", format!("{}:{path}", bin.display()));
    run(generator.arg("--output-path").arg(folder.path().join("outpay_client")));
    let program = Program::new("");
    let key = funded(&program, "Shop");
    let server = program.serve(&[]);
    for step in ["create", "error", "pages", "withdraw"] {
        let mut client = from_pypi("python");
        client.arg(ours("programs/python_client.py")).arg(step).env("PYTHONPATH", folder.path());
        client.env("OUTPAY_URL", format!("http://{}", server.address)).env("OUTPAY_KEY", &key);
        assert_eq!(run(&mut client).trim(), "ok");
    }
}
