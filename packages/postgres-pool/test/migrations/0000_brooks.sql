CREATE TABLE "brooks" ("name" text PRIMARY KEY);
