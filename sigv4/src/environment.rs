//! Credentials where the SDKs and the command line look for them: in the environment, then in the shared credentials file.

use core::fmt;
use std::env::VarError;
use std::path::{Path, PathBuf};

use crate::credentials::Credentials;
use crate::error::CredentialsError;

/// What kind of thing keeps credentials from being found.
///
/// ```
/// use sigv4::{EnvironmentErrorKind, Profiles};
///
/// let profiles = Profiles::parse("[default]\n");
/// assert_eq!(profiles.credentials("other").unwrap_err().kind(), EnvironmentErrorKind::NoProfile);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EnvironmentErrorKind {
    /// One half of a key is set without the other.
    HalfAKey,
    /// There is no such profile, or no file.
    NoProfile,
    /// The file cannot be read, or a variable is not UTF-8.
    Unreadable,
    /// A value is not one to sign with: the access key id, or the session token.
    Invalid,
}

/// Why there are no credentials. It never says what their values were.
///
/// ```
/// use sigv4::Profiles;
///
/// let profiles = Profiles::parse("[default]\naws_access_key_id = AKID\n");
/// let error = profiles.credentials("default").unwrap_err();
/// assert_eq!(error.to_string(), "no credentials: an access key id is set without a secret access key, or the other way about");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvironmentError {
    kind: EnvironmentErrorKind,
}

impl EnvironmentError {
    /// The kind.
    ///
    /// ```
    /// # use sigv4::{EnvironmentErrorKind, Profiles};
    /// let error = Profiles::parse("").credentials("default").unwrap_err();
    /// assert_eq!(error.kind(), EnvironmentErrorKind::NoProfile);
    /// ```
    #[must_use]
    pub const fn kind(&self) -> EnvironmentErrorKind {
        self.kind
    }
}

impl fmt::Display for EnvironmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            EnvironmentErrorKind::HalfAKey => {
                "no credentials: an access key id is set without a secret access key, or the other way about"
            }
            EnvironmentErrorKind::NoProfile => "no credentials: found neither the environment variables nor the profile",
            EnvironmentErrorKind::Unreadable => "no credentials: the shared credentials file or an environment variable cannot be read",
            EnvironmentErrorKind::Invalid => "no credentials: the access key id or the session token is not one",
        })
    }
}

impl core::error::Error for EnvironmentError {}

impl From<CredentialsError> for EnvironmentError {
    fn from(_: CredentialsError) -> Self {
        Self {
            kind: EnvironmentErrorKind::Invalid,
        }
    }
}

const fn error(kind: EnvironmentErrorKind) -> EnvironmentError {
    EnvironmentError { kind }
}

/// The text of a shared credentials file (AWS SDKs and Tools Reference Guide, "Shared config and credentials files").
///
/// Read line by line: `[profile]`, `key = value`, comments from `#` or `;` at the start of a line. A later value replaces an earlier
/// one. Only keys of static credentials are read; `role_arn`, `sso_…` and `credential_process` are not.
///
/// ```
/// use sigv4::Profiles;
///
/// let profiles = Profiles::parse("[default]\naws_access_key_id = AKID\naws_secret_access_key = secret\n");
/// assert_eq!(profiles.credentials("default")?.access_key_id(), "AKID");
/// # Ok::<(), sigv4::EnvironmentError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Profiles<'a> {
    text: &'a str,
}

impl<'a> Profiles<'a> {
    /// Takes the text of a file.
    ///
    /// ```
    /// assert!(sigv4::Profiles::parse("").credentials("default").is_err());
    /// ```
    #[must_use]
    pub const fn parse(text: &'a str) -> Self {
        Self { text }
    }

    /// The credentials of a profile.
    ///
    /// # Errors
    /// When there is no such profile, or it holds half a key.
    ///
    /// ```
    /// # use sigv4::Profiles;
    /// let text = "[a]\naws_access_key_id=AKID\naws_secret_access_key=s\naws_session_token=t\n";
    /// assert!(Profiles::parse(text).credentials("a")?.is_temporary());
    /// # Ok::<(), sigv4::EnvironmentError>(())
    /// ```
    pub fn credentials(&self, profile: &str) -> Result<Credentials, EnvironmentError> {
        let (mut id, mut secret, mut token) = (None, None, None);
        let mut inside = false;
        let mut found = false;
        for line in self.text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                inside = name.0.trim() == profile;
                found |= inside;
            } else if inside && !line.starts_with(['#', ';']) {
                let Some((key, value)) = line.split_once('=') else {
                    continue;
                };
                match key.trim().to_ascii_lowercase().as_str() {
                    "aws_access_key_id" => id = Some(value.trim()),
                    "aws_secret_access_key" => secret = Some(value.trim()),
                    "aws_session_token" => token = Some(value.trim()),
                    _ => {}
                }
            }
        }
        if !found {
            return Err(error(EnvironmentErrorKind::NoProfile));
        }
        assemble(
            id.map(String::from),
            secret.map(String::from),
            token.map(String::from),
        )?
        .ok_or(error(EnvironmentErrorKind::NoProfile))
    }
}

impl fmt::Debug for Profiles<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Profiles([redacted])")
    }
}

/// A value that is set to nothing is not set.
fn assemble(
    id: Option<String>,
    secret: Option<String>,
    token: Option<String>,
) -> Result<Option<Credentials>, EnvironmentError> {
    let set = |value: Option<String>| value.filter(|value| !value.is_empty());
    match (set(id), set(secret)) {
        (None, None) => Ok(None),
        (Some(id), Some(secret)) => {
            let credentials = Credentials::new(id, secret)?;
            Ok(Some(match set(token) {
                Some(token) => credentials.with_session_token(token)?,
                None => credentials,
            }))
        }
        _ => Err(error(EnvironmentErrorKind::HalfAKey)),
    }
}

impl Credentials {
    /// Looks where the SDKs look: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, then the profile `AWS_PROFILE`
    /// (`default`) of `AWS_SHARED_CREDENTIALS_FILE` (`~/.aws/credentials`).
    ///
    /// This is the one function of the crate that reads something it was not given. Mind `AWS_SESSION_TOKEN`: where it is set, as in
    /// AWS Lambda, the credentials are temporary ones and end without notice.
    ///
    /// # Errors
    /// When nothing is found, half a key is found, or the file cannot be read.
    ///
    /// ```no_run
    /// // Not run: it would read the credentials of whoever runs the tests.
    /// let credentials = sigv4::Credentials::from_environment()?;
    /// # Ok::<(), sigv4::EnvironmentError>(())
    /// ```
    pub fn from_environment() -> Result<Self, EnvironmentError> {
        Self::from_lookup(
            |name| std::env::var(name),
            |path| std::fs::read_to_string(path),
        )
    }

    fn from_lookup(
        variable: impl Fn(&str) -> Result<String, VarError>,
        read: impl Fn(&Path) -> std::io::Result<String>,
    ) -> Result<Self, EnvironmentError> {
        // One that is set and not text is a mistake to tell, not a reason to go on with other credentials.
        let text = |name| match variable(name) {
            Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => Err(error(EnvironmentErrorKind::Unreadable)),
        };
        // A path need not be text.
        let path = |name| match variable(name) {
            Ok(value) => Some(PathBuf::from(value)),
            Err(VarError::NotPresent) => None,
            Err(VarError::NotUnicode(value)) => Some(PathBuf::from(value)),
        };
        let path = |name| path(name).filter(|path| !path.as_os_str().is_empty());
        let from_variables = assemble(
            text("AWS_ACCESS_KEY_ID")?,
            text("AWS_SECRET_ACCESS_KEY")?,
            text("AWS_SESSION_TOKEN")?,
        )?;
        if let Some(credentials) = from_variables {
            return Ok(credentials);
        }
        let home = || path("HOME").or_else(|| path("USERPROFILE"));
        let path = path("AWS_SHARED_CREDENTIALS_FILE")
            .or_else(|| Some(home()?.join(".aws").join("credentials")))
            .ok_or(error(EnvironmentErrorKind::NoProfile))?;
        let file = zeroize::Zeroizing::new(read(&path).map_err(|failure| {
            let missing = failure.kind() == std::io::ErrorKind::NotFound;
            error(if missing {
                EnvironmentErrorKind::NoProfile
            } else {
                EnvironmentErrorKind::Unreadable
            })
        })?);
        let profile = text("AWS_PROFILE")?.unwrap_or_else(|| String::from("default"));
        Profiles::parse(&file).credentials(&profile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# comment
[default]
aws_access_key_id = AKIDDEFAULT
aws_secret_access_key=a=b/c+d
region = us-east-1

[ temporary ]
AWS_ACCESS_KEY_ID = ASIDTEMP
; aws_secret_access_key = commented out
aws_secret_access_key = s
aws_session_token = t

[half]
aws_access_key_id = AKIDHALF
[empty]
";

    fn look(
        variables: &[(&str, &str)],
        file: Option<&str>,
    ) -> Result<Credentials, EnvironmentErrorKind> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found
                .map(|(_, value)| String::from(*value))
                .ok_or(VarError::NotPresent)
        };
        let read = |path: &Path| match file {
            Some(text) if path == Path::new("/home/u/.aws/credentials") => Ok(String::from(text)),
            _ => Err(std::io::ErrorKind::NotFound.into()),
        };
        Credentials::from_lookup(variable, read).map_err(|error| error.kind())
    }

    #[test]
    fn profiles() {
        let profiles = Profiles::parse(FILE);
        let id = |profile| {
            profiles
                .credentials(profile)
                .map(|found| (found.access_key_id().to_owned(), found.is_temporary()))
                .map_err(|error| error.kind())
        };
        assert_eq!(id("default"), Ok(("AKIDDEFAULT".to_owned(), false)));
        assert_eq!(id("temporary"), Ok(("ASIDTEMP".to_owned(), true)));
        assert_eq!(id("half"), Err(EnvironmentErrorKind::HalfAKey));
        assert_eq!(id("empty"), Err(EnvironmentErrorKind::NoProfile));
        assert_eq!(id("none"), Err(EnvironmentErrorKind::NoProfile));
        assert_eq!(format!("{profiles:?}"), "Profiles([redacted])");
    }

    #[test]
    fn a_variable_that_is_not_text_is_an_error() {
        for name in [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_PROFILE",
        ] {
            let variable = |asked: &str| match asked {
                _ if asked == name => Err(VarError::NotUnicode("x".into())),
                "HOME" => Ok(String::from("/home/u")),
                _ => Err(VarError::NotPresent),
            };
            let result = Credentials::from_lookup(variable, |_| Ok(String::from(FILE)));
            assert_eq!(
                result.unwrap_err().kind(),
                EnvironmentErrorKind::Unreadable,
                "{name}"
            );
        }
        let variable = |asked: &str| match asked {
            "HOME" => Err(VarError::NotUnicode("/home/u".into())),
            _ => Err(VarError::NotPresent),
        };
        let found = Credentials::from_lookup(variable, |path| {
            assert_eq!(path, Path::new("/home/u/.aws/credentials"));
            Ok(String::from(FILE))
        });
        assert_eq!(found.unwrap().access_key_id(), "AKIDDEFAULT");
    }

    #[test]
    fn the_environment_comes_first() {
        let both = [
            ("AWS_ACCESS_KEY_ID", "AKIDENV"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
            ("HOME", "/home/u"),
        ];
        assert_eq!(look(&both, Some(FILE)).unwrap().access_key_id(), "AKIDENV");
        assert_eq!(
            look(&both[..1], Some(FILE)).unwrap_err(),
            EnvironmentErrorKind::HalfAKey
        );
        assert_eq!(
            look(&both[2..], Some(FILE)).unwrap().access_key_id(),
            "AKIDDEFAULT"
        );
        assert_eq!(
            look(
                &[("HOME", "/home/u"), ("AWS_PROFILE", "temporary")],
                Some(FILE)
            )
            .unwrap()
            .access_key_id(),
            "ASIDTEMP"
        );
        assert_eq!(
            look(&both[2..], None).unwrap_err(),
            EnvironmentErrorKind::NoProfile
        );
        assert_eq!(
            look(&[], Some(FILE)).unwrap_err(),
            EnvironmentErrorKind::NoProfile
        );
        let blank = [
            ("AWS_ACCESS_KEY_ID", ""),
            ("AWS_SECRET_ACCESS_KEY", ""),
            ("HOME", "/home/u"),
        ];
        assert_eq!(
            look(&blank, Some(FILE)).unwrap().access_key_id(),
            "AKIDDEFAULT"
        );
    }
}
