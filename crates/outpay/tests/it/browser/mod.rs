//! The pages in a real browser: Debian's chromium, driven through chromedriver. Here: what only a browser can show,
//! which is script, focus, colour, width and axe-core's findings. On SQLite only; contents and permissions are tested
//! without a browser (tests/it/dashboard, tests/it/http). `./test` installs browser, driver and axe-core.

mod axe;
mod chromium;
mod claim;
mod dashboard;
mod every_page;
mod first_hour;
mod framed;
mod months_end;
mod reviewer;
mod screen;
mod whole_way;
