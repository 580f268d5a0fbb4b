//! A folder that the user chose, through the browser's File System Access.
