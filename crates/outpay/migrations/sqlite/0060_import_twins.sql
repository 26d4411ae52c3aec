-- Which earlier lines paid a person this amount. Same index as in ../postgres/0060_import_twins.sql.
CREATE INDEX import_line_twins ON import_line (book, email, amount);
