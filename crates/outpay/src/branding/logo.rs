//! A business's logo: a small PNG, JPEG or WebP. Not here: SVG, which can carry a script. Invariants: a logo is what its first
//! bytes say that it is, and is served as nothing else; its name is a digest of its bytes, so browsers may keep it for ever;
//! it is small enough for a page to stay light.

use data_encoding::HEXLOWER;
use imagesize::ImageType;
use sha2::{Digest, Sha256};

/// Bytes. Together with everything else a page weighs less than 60 KiB.
pub const LARGEST: usize = 32 * 1024;
const SMALLEST_SIDE: usize = 16;
const LARGEST_SIDE: usize = 1_024;
const DIGITS: usize = 32;

/// The endings, and the types of content that they stand for.
const KINDS: [(&str, &str); 3] = [("png", "image/png"), ("jpg", "image/jpeg"), ("webp", "image/webp")];

/// An image that may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    name: LogoName,
    bytes: Vec<u8>,
}

/// 32 hexadecimal digits and an ending, for example `….png`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoName(String);

/// Why an image will not do, with a sentence for whoever tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogoProblem {
    /// Nothing came.
    #[error("Choose an image first.")]
    Missing,
    /// Too many bytes.
    #[error("The logo may not be larger than 32 KiB.")]
    TooLarge,
    /// Another kind of file.
    #[error("The logo must be a PNG, JPEG or WebP image.")]
    Kind,
    /// Too small or too large to look at.
    #[error("Each side of the logo must have 16 to 1024 pixels.")]
    Sides,
}

impl Logo {
    /// A checked image.
    ///
    /// # Errors
    /// What will not do.
    pub fn new(bytes: &[u8]) -> Result<Self, LogoProblem> {
        if bytes.is_empty() {
            return Err(LogoProblem::Missing);
        }
        if bytes.len() > LARGEST {
            return Err(LogoProblem::TooLarge);
        }
        let ending = match imagesize::image_type(bytes) {
            Ok(ImageType::Png) => "png",
            Ok(ImageType::Jpeg) => "jpg",
            Ok(ImageType::Webp) => "webp",
            _ => return Err(LogoProblem::Kind),
        };
        let size = imagesize::blob_size(bytes).map_err(|_| LogoProblem::Kind)?;
        let sides = SMALLEST_SIDE..=LARGEST_SIDE;
        if !sides.contains(&size.width) || !sides.contains(&size.height) {
            return Err(LogoProblem::Sides);
        }
        let digits = HEXLOWER.encode(&Sha256::digest(bytes)[..DIGITS / 2]);
        Ok(Self { name: LogoName(format!("{digits}.{ending}")), bytes: bytes.to_vec() })
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &LogoName {
        &self.name
    }

    /// The image.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl LogoName {
    /// A name that a logo can have.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (digits, ending) = text.split_once('.')?;
        let is_digest = digits.len() == DIGITS
            && digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        (is_digest && KINDS.iter().any(|kind| kind.0 == ending)).then(|| Self(text.to_owned()))
    }

    /// As it stands in a path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where pages find it.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/p/logo/{}", self.0)
    }

    /// Its type of content.
    #[must_use]
    pub fn media(&self) -> &'static str {
        let kind = KINDS.iter().find(|kind| self.0.ends_with(kind.0));
        kind.map_or("application/octet-stream", |kind| kind.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The head of a PNG of this size.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend(b"\x08\x06\0\0\0");
        bytes
    }

    #[test]
    fn a_small_image_has_a_name_by_its_content() {
        let logo = Logo::new(&png(64, 32)).unwrap();
        assert_eq!(LogoName::parse(logo.name().as_str()).as_ref(), Some(logo.name()));
        assert_eq!(logo.name().media(), "image/png");
        assert!(logo.name().path().starts_with("/p/logo/") && logo.name().path().ends_with(".png"));
        assert_eq!(Logo::new(&png(64, 32)).unwrap(), logo);
        assert_ne!(Logo::new(&png(64, 33)).unwrap().name(), logo.name());
    }

    #[test]
    fn what_will_not_do_is_named() {
        assert_eq!(Logo::new(b""), Err(LogoProblem::Missing));
        assert_eq!(Logo::new(&[b' '; LARGEST + 1]), Err(LogoProblem::TooLarge));
        for other in
            [&b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..], b"GIF89a\x40\0\x40\0", b"<html>", b"x"]
        {
            assert_eq!(Logo::new(other), Err(LogoProblem::Kind));
        }
        assert_eq!(Logo::new(&png(64, 32)[..20]), Err(LogoProblem::Kind), "cut off");
        for (width, height) in [(15, 64), (64, 1_025), (0, 0), (u32::MAX, u32::MAX)] {
            assert_eq!(Logo::new(&png(width, height)), Err(LogoProblem::Sides), "{width} x {height}");
        }
    }

    #[test]
    fn only_such_names_are_names() {
        let digits = "0123456789abcdef0123456789abcdef";
        assert!(LogoName::parse(&format!("{digits}.webp")).is_some());
        let wrong = ["", ".png", digits, &format!("{digits}.svg"), &format!("{}.png", digits.to_uppercase())];
        for wrong in wrong.into_iter().chain(["../../etc/passwd.png", "0123.png"]) {
            assert_eq!(LogoName::parse(wrong), None, "{wrong}");
        }
    }
}
