//! What shells and `man` are told, and the headings of the help.

mod sqlite {
    use crate::cli::installation::{Ran, program};

    fn run(arguments: &[&str]) -> Ran {
        Ran::from(program().args(arguments).output().unwrap())
    }

    #[test]
    fn every_shell_gets_a_script() {
        for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
            let ran = run(&["completions", shell]);
            assert_eq!(ran.code, 0, "{shell}: {}", ran.stderr);
            assert!(ran.stdout.contains("outpay") && ran.stdout.contains("giftcard"), "{shell}");
        }
        assert_eq!(run(&["completions", "cmd"]).code, 2);
    }

    #[test]
    fn every_command_has_a_manual_page() {
        let folder = tempfile::tempdir().unwrap();
        let pages = folder.path().join("man/man1");
        let ran = run(&["man", pages.to_str().unwrap()]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        for page in
            ["outpay.1", "outpay-init.1", "outpay-withdrawal-settle.1", "outpay-business-two-people.1"]
        {
            let text = std::fs::read_to_string(pages.join(page)).unwrap_or_else(|_| panic!("no {page}"));
            assert!(text.contains(".SH SYNOPSIS") && text.contains("\\-\\-data"), "{page}: {text}");
        }
        assert!(std::fs::read_dir(&pages).unwrap().count() > 80);
        let ran = run(&["man", "/dev/null/man"]);
        assert!(ran.code == 1 && ran.stderr.contains("cannot write manual pages"), "{}", ran.stderr);
    }

    #[test]
    fn options_of_every_command_stand_under_their_own_heading() {
        for command in [&["--help"][..], &["business", "deposit", "--help"], &["serve", "--help"]] {
            let help = run(command).stdout;
            let (own, of_all) = help.split_once("Options of every command:").expect("a heading");
            for flag in ["--data", "--database", "--config", "--master-key-fd", "--public-url"] {
                assert!(of_all.contains(flag) && !own.contains(flag), "{command:?}: {flag}: {help}");
            }
        }
    }
}
