//! The file of `--data`: the product it belongs to, its format, and the product's data as one value
//! in an embedded store. The data is opaque to this module.

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Database, DatabaseError, ReadableDatabase, StorageError, TableDefinition};

use crate::product_name::ProductName;

/// The format version. Raise it when a change makes older files unreadable.
const FORMAT: &str = "1";

const TABLE: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("mock");

/// An open data file. No other process can open it until the last clone of this is dropped.
#[derive(Clone)]
pub struct DataFile(Arc<Opened>);

struct Opened {
    path: PathBuf,
    database: Database,
}

/// The reason why a data file cannot be used, with a hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFileError {
    message: String,
    hint: String,
}

impl DataFile {
    /// Opens the data file of `product`, or creates an empty one.
    ///
    /// # Errors
    /// The file cannot be created or read, is damaged or in use, has a newer format, or belongs to
    /// another product.
    pub fn open(path: &Path, product: ProductName) -> Result<Self, DataFileError> {
        if !path.exists() {
            create(path, product)?;
        }
        let database = open(path)?;
        let file = Self(Arc::new(Opened { path: path.to_owned(), database }));
        file.check(product)?;
        Ok(file)
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Checks the format before anything else, so that a newer format is not reported as damage.
    fn check(&self, product: ProductName) -> Result<(), DataFileError> {
        let path = self.path().display();
        let format = self.text("format")?;
        if format != FORMAT {
            return Err(DataFileError {
                message: format!(
                    "`{path}` is of format `{format}`, this version reads format `{FORMAT}`"
                ),
                hint: "use the version that wrote it, or give another file: `--data FILE`"
                    .to_owned(),
            });
        }
        let found = self.text("product")?;
        if found != product.name() {
            return Err(DataFileError {
                message: format!("`{path}` holds the data of `{found}`, not of `{product}`"),
                hint: format!(
                    "serve it as what it is: `mcp-tether mock {found} --data {path}`, or give \
                     another file"
                ),
            });
        }
        Ok(())
    }

    fn text(&self, key: &str) -> Result<String, DataFileError> {
        let bytes = self.value(key)?.ok_or_else(|| self.damaged(&format!("no `{key}` in it")))?;
        String::from_utf8(bytes).map_err(|error| self.damaged(&error))
    }

    /// Returns the product's data as last committed; `None` for a new file.
    pub(super) fn stored(&self) -> Result<Option<Vec<u8>>, DataFileError> {
        self.value("data")
    }

    fn value(&self, key: &str) -> Result<Option<Vec<u8>>, DataFileError> {
        let read = || -> Result<Option<Vec<u8>>, redb::Error> {
            let table = self.0.database.begin_read()?.open_table(TABLE)?;
            Ok(table.get(key)?.map(|found| found.value().to_vec()))
        };
        read().map_err(|error| self.damaged(&error))
    }

    /// Commits the product's data: on disk when this returns, or not at all.
    pub(super) fn store(&self, data: &[u8]) -> Result<(), String> {
        write(&self.0.database, &[("data", data)])
            .map_err(|error| format!("cannot write `{}`: {error}", self.path().display()))
    }

    pub(super) fn damaged(&self, reason: &dyn fmt::Display) -> DataFileError {
        damaged(self.path(), reason)
    }

    pub(super) fn unwritable(&self, reason: &str) -> DataFileError {
        unwritable(self.path(), &reason)
    }
}

/// Writes all entries in one transaction.
pub(super) fn write(database: &Database, entries: &[(&str, &[u8])]) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    {
        let mut table = transaction.open_table(TABLE)?;
        for (key, value) in entries {
            table.insert(*key, *value)?;
        }
    }
    Ok(transaction.commit()?)
}

/// Creates the file under a temporary name and then links it, so that a killed process leaves no
/// partial file. A link does not replace a file that another process has since created.
fn create(path: &Path, product: ProductName) -> Result<(), DataFileError> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".new-{}", std::process::id()));
    let draft = PathBuf::from(name);
    let fill = || -> Result<(), redb::Error> {
        let database = Database::create(&draft)?;
        let entries = [("format", FORMAT.as_bytes()), ("product", product.name().as_bytes())];
        write(&database, &entries)
    };
    let made = fill().map_err(|error| unwritable(path, &error));
    let placed = made.and_then(|()| {
        fs::hard_link(&draft, path)
            .or_else(|_| if path.exists() { Ok(()) } else { fs::rename(&draft, path) })
            .map_err(|error| unwritable(path, &error))
    });
    // Already gone if it was renamed.
    let _ = fs::remove_file(&draft);
    placed
}

/// Opens and verifies a file. The store panics on some kinds of damage (a truncated file), so the
/// panic is caught here.
fn open(path: &Path) -> Result<Database, DataFileError> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let opened = panic::catch_unwind(AssertUnwindSafe(|| -> Result<Database, DatabaseError> {
        let mut database = Database::open(path)?;
        // A torn write is repaired on opening; other damage is only found by checking.
        database.check_integrity()?;
        Ok(database)
    }));
    panic::set_hook(hook);
    match opened {
        Ok(Ok(database)) => Ok(database),
        Ok(Err(DatabaseError::DatabaseAlreadyOpen)) => Err(DataFileError {
            message: format!("`{}` is in use by another mock", path.display()),
            hint: "end that one, or give another file: `--data FILE`".to_owned(),
        }),
        Ok(Err(DatabaseError::Storage(StorageError::Io(error))))
            if !matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof) =>
        {
            Err(unwritable(path, &error))
        }
        Ok(Err(error)) => Err(damaged(path, &error)),
        Err(_) => Err(damaged(path, &"its parts do not fit together")),
    }
}

fn damaged(path: &Path, reason: &dyn fmt::Display) -> DataFileError {
    let path = path.display();
    DataFileError {
        message: format!("`{path}` is damaged, or not a data file of the mock: {reason}"),
        hint: format!("move it away, and a new one is made: `mv {path} {path}.bad`"),
    }
}

fn unwritable(path: &Path, reason: &dyn fmt::Display) -> DataFileError {
    DataFileError {
        message: format!("cannot use `{}` as data file: {reason}", path.display()),
        hint: "give a file in a folder that exists and can be written: `--data FILE`".to_owned(),
    }
}

impl DataFileError {
    /// Returns the hint: how to solve it.
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

impl fmt::Display for DataFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DataFileError {}

impl From<DataFileError> for io::Error {
    fn from(problem: DataFileError) -> Self {
        Self::other(problem)
    }
}

impl fmt::Debug for DataFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DataFile").field(&self.path()).finish()
    }
}
