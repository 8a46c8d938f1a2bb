CREATE TABLE "daily_metrics" (
	"user_id" uuid NOT NULL,
	"source" text NOT NULL,
	"date" date NOT NULL,
	"steps" integer,
	"active_calories" double precision,
	"resting_heart_rate" double precision,
	"hrv_ms" double precision,
	"vo2_max" double precision,
	"distance_meters" double precision,
	"flights_climbed" integer,
	"body_fat_percentage" double precision,
	"respiratory_rate" double precision,
	"oxygen_saturation" double precision,
	"heart_rate_avg" double precision,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "daily_metrics_user_id_source_date_pk" PRIMARY KEY("user_id","source","date")
);
--> statement-breakpoint
CREATE TABLE "invalidation_outbox" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "invalidation_outbox_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"tags" text[] NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "nutrition" (
	"user_id" uuid NOT NULL,
	"source" text NOT NULL,
	"date" date NOT NULL,
	"calories" double precision NOT NULL,
	"protein_grams" double precision,
	"carbs_grams" double precision,
	"fat_grams" double precision,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "nutrition_user_id_source_date_pk" PRIMARY KEY("user_id","source","date")
);
--> statement-breakpoint
CREATE TABLE "sleep" (
	"user_id" uuid NOT NULL,
	"source" text NOT NULL,
	"date" date NOT NULL,
	"hours" double precision NOT NULL,
	"quality_score" double precision,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "sleep_user_id_source_date_pk" PRIMARY KEY("user_id","source","date")
);
--> statement-breakpoint
CREATE TABLE "user_preferences" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"timezone" text DEFAULT 'UTC' NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "weight" (
	"user_id" uuid NOT NULL,
	"source" text NOT NULL,
	"date" date NOT NULL,
	"weight_kg" double precision NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "weight_user_id_source_date_pk" PRIMARY KEY("user_id","source","date")
);
--> statement-breakpoint
CREATE TABLE "workouts" (
	"user_id" uuid NOT NULL,
	"source" text NOT NULL,
	"original_id" text NOT NULL,
	"activity_type" text NOT NULL,
	"start_time" timestamp with time zone NOT NULL,
	"local_date" date NOT NULL,
	"duration_seconds" integer NOT NULL,
	"distance_meters" double precision,
	"calories" double precision NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "workouts_user_id_source_original_id_pk" PRIMARY KEY("user_id","source","original_id")
);
--> statement-breakpoint
CREATE INDEX "daily_metrics_user_day" ON "daily_metrics" USING btree ("user_id","date");--> statement-breakpoint
CREATE INDEX "nutrition_user_day" ON "nutrition" USING btree ("user_id","date");--> statement-breakpoint
CREATE INDEX "sleep_user_day" ON "sleep" USING btree ("user_id","date");--> statement-breakpoint
CREATE INDEX "weight_user_day" ON "weight" USING btree ("user_id","date");--> statement-breakpoint
CREATE INDEX "workouts_user_day" ON "workouts" USING btree ("user_id","local_date");