CREATE TABLE "support_contributions" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"source" text NOT NULL,
	"source_id" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"status" text NOT NULL,
	"name" text,
	"supporter_key" text NOT NULL,
	"supported_at" timestamp with time zone NOT NULL,
	CONSTRAINT "support_contributions_source" UNIQUE("source","source_id"),
	CONSTRAINT "support_contributions_amount" CHECK ("support_contributions"."amount_minor" >= 0),
	CONSTRAINT "support_contributions_currency" CHECK ("support_contributions"."currency" ~ '^[A-Z]{3}$')
);
--> statement-breakpoint
CREATE TABLE "support_sync" (
	"id" integer PRIMARY KEY DEFAULT 1 NOT NULL,
	"next_at" timestamp with time zone NOT NULL,
	"synced_at" timestamp with time zone
);
--> statement-breakpoint
INSERT INTO "support_sync" ("id", "next_at") VALUES (1, 'epoch');
