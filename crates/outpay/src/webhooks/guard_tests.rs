//! The guard as a table: addresses and URLs with the expected verdict.

use super::*;

const STRICT: Guard = Guard { allow_http: false, allow_private: false };

/// Public neighbours of the special ranges: no range may be too wide.
const PUBLIC: &[&str] = &[
    "1.0.0.0",
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "191.255.255.255",
    "192.0.1.0",
    "192.0.3.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "203.0.112.255",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2001:db9::1",
    "2003::1",
    "2620:4f:8001::1",
    "3ffe::1",
    "::ffff:1.1.1.1",
    "64:ff9b::1.1.1.1",
];

/// First and last address, or a well-known one, of every special-purpose range.
const SPECIAL: &[&str] = &[
    // IPv4
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.0.0",
    "169.254.169.254",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.0",
    "192.0.0.8",
    "192.0.0.9",
    "192.0.0.10",
    "192.0.0.170",
    "192.0.2.1",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.168.0.0",
    "192.168.255.255",
    "192.175.48.1",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.255",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.0",
    "255.255.255.255",
    // IPv4 inside IPv6: mapped, compatible, translated, 6to4, Teredo
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:192.168.1.1",
    "::127.0.0.1",
    "::1.1.1.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::1",
    "64:ff9b:1:ffff::127.0.0.1",
    "2002:7f00:1::",
    "2002:101:101::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    // IPv6
    "::",
    "::1",
    "100::",
    "100::ffff",
    "100:0:0:1::1",
    "2001:1::1",
    "2001:1::2",
    "2001:2::",
    "2001:3::1",
    "2001:4:112::1",
    "2001:10::1",
    "2001:1f:ffff::1",
    "2001:20::1",
    "2001:30::1",
    "2001:1ff::1",
    "2001:db8::1",
    "2620:4f:8000::1",
    "3fff::1",
    "3fff:fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
];

#[test]
fn special_addresses_are_refused_and_their_neighbours_are_not() {
    assert!(SPECIAL.len() > 60);
    for text in SPECIAL {
        let address: IpAddr = text.parse().unwrap();
        assert!(!is_public(address), "{text}");
        assert!(!STRICT.allows(address), "{text}");
        assert!(Guard { allow_private: true, ..STRICT }.allows(address), "{text}");
        let host = if address.is_ipv6() { format!("[{text}]") } else { (*text).to_owned() };
        let refused = STRICT.check_url(&format!("https://{host}/hook"));
        assert_eq!(refused, Err(UrlProblem::NotPublic), "{text}");
    }
    for text in PUBLIC {
        let address: IpAddr = text.parse().unwrap();
        assert!(is_public(address), "{text}");
        let host = if address.is_ipv6() { format!("[{text}]") } else { (*text).to_owned() };
        assert!(STRICT.check_url(&format!("https://{host}/hook")).is_ok(), "{text}");
    }
}

/// This machine and the cloud metadata address, in every notation that some parser accepts.
#[test]
fn odd_notations_of_inner_addresses_are_refused() {
    for host in [
        "0x7f.1",
        "0x7f000001",
        "0X7F.0.0.1",
        "017700000001",
        "0177.0.0.1",
        "2130706433",
        "127.1",
        "127.0.1",
        "127.0.0.1.",
        "127.000.000.001",
        "0",
        "0x0",
        "0.0",
        "0xa9fea9fe",
        "2852039166",
        "0xa9.0xfe.0xa9.0xfe",
        "169.254.43518",
        "%31%32%37.0.0.1",
        "１２７.０.０.１",
        "127。0。0。1",
        "①②⑦.0.0.1",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:7f00:0001]",
        "[::FFFF:127.0.0.1]",
        "[0000::1]",
        "[::7f00:1]",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "LocalHost.",
        "a.localhost",
        "ｌｏｃａｌｈｏｓｔ",
        "printer.local",
        "metadata.google.internal",
        "intranet",
        "router.home.arpa",
    ] {
        let url = format!("https://{host}/hook");
        assert_eq!(STRICT.check_url(&url), Err(UrlProblem::NotPublic), "{host}");
    }
}

#[test]
fn urls_that_are_none_or_mean_something_else() {
    for (url, problem) in [
        ("", UrlProblem::NotAUrl),
        ("example.com", UrlProblem::NotAUrl),
        ("/hook", UrlProblem::NotAUrl),
        ("//example.com", UrlProblem::NotAUrl),
        ("https://", UrlProblem::NotAUrl),
        ("https:///", UrlProblem::NotAUrl),
        ("https://exa mple.com", UrlProblem::NotAUrl),
        (" https://example.com", UrlProblem::NotAUrl),
        ("https://example.com\n", UrlProblem::NotAUrl),
        ("https://exam\tple.com", UrlProblem::NotAUrl),
        ("https://1.2.3.4.5/", UrlProblem::NotAUrl),
        ("https://256.1.1.1/", UrlProblem::NotAUrl),
        ("https://[::1/", UrlProblem::NotAUrl),
        ("https://[fe80::1%25eth0]/", UrlProblem::NotAUrl),
        ("https://example.com:65536/", UrlProblem::NotAUrl),
        ("http://example.com", UrlProblem::NotHttps),
        ("HTTP://example.com", UrlProblem::NotHttps),
        ("ftp://example.com", UrlProblem::NotHttps),
        ("file:///etc/passwd", UrlProblem::NotHttps),
        ("gopher://example.com", UrlProblem::NotHttps),
        ("unix:/run/docker.sock", UrlProblem::NotHttps),
        ("javascript:alert(1)", UrlProblem::NotHttps),
        ("https://user@example.com", UrlProblem::HasUser),
        ("https://user:password@example.com", UrlProblem::HasUser),
        ("https://example.com@127.0.0.1/", UrlProblem::HasUser),
        ("https://@example.com/", UrlProblem::HasUser),
        ("https://example.com/#part", UrlProblem::HasFragment),
        ("https://example.com:0/", UrlProblem::BadPort),
        ("https://example.com:22/", UrlProblem::BadPort),
        ("https://example.com:25/", UrlProblem::BadPort),
        ("https://example.com:80/", UrlProblem::BadPort),
        ("https://example.com:1023/", UrlProblem::BadPort),
        ("https:127.0.0.1", UrlProblem::NotPublic),
        ("https:\\\\127.0.0.1\\", UrlProblem::NotPublic),
        ("https://127.0.0.1:8443", UrlProblem::NotPublic),
    ] {
        assert_eq!(STRICT.check_url(url), Err(problem), "{url}");
    }
    let long = format!("https://example.com/{}", "a".repeat(2048));
    assert_eq!(STRICT.check_url(&long), Err(UrlProblem::TooLong));
}

#[test]
fn good_urls_come_back_in_normal_form() {
    for (url, normal) in [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://EXAMPLE.com:443/Hook?a=1", "https://example.com/Hook?a=1"),
        ("https://example.com:8443/hook", "https://example.com:8443/hook"),
        ("https://example.com:1024/", "https://example.com:1024/"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://example.com./", "https://example.com./"),
        ("https://1.1.1.1/", "https://1.1.1.1/"),
        ("https://0x01010101/", "https://1.1.1.1/"),
        ("https://example.com/a@b", "https://example.com/a@b"),
    ] {
        assert_eq!(STRICT.check_url(url).map(|url| url.to_string()), Ok(normal.to_owned()), "{url}");
    }
}

#[test]
fn each_flag_opens_one_door() {
    let http = Guard { allow_http: true, allow_private: false };
    assert!(http.check_url("http://example.com/").is_ok());
    assert!(http.check_url("http://example.com:8080/").is_ok());
    assert_eq!(http.check_url("http://example.com:443/").map(drop), Ok(()));
    assert_eq!(http.check_url("https://example.com:80/"), Err(UrlProblem::BadPort));
    assert_eq!(http.check_url("http://127.0.0.1:8080/"), Err(UrlProblem::NotPublic));
    assert_eq!(http.check_url("ftp://example.com/"), Err(UrlProblem::NotHttps));
    let private = Guard { allow_http: false, allow_private: true };
    assert!(private.check_url("https://localhost:9000/").is_ok());
    assert!(private.check_url("https://receiver/").is_ok());
    assert!(private.check_url("https://[::1]:80/").is_ok());
    assert_eq!(private.check_url("http://localhost:9000/"), Err(UrlProblem::NotHttps));
    let both = Guard { allow_http: true, allow_private: true };
    assert!(both.check_url("http://127.0.0.1:81/").is_ok());
}
