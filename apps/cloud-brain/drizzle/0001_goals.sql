CREATE TABLE "goals" (
	"user_id" uuid NOT NULL,
	"metric" text NOT NULL,
	"period" text NOT NULL,
	"direction" text NOT NULL,
	"target" double precision NOT NULL,
	"since" date NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "goals_user_id_metric_pk" PRIMARY KEY("user_id","metric")
);
