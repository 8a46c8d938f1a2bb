ALTER TABLE "invalidation_outbox" ADD COLUMN "user_id" uuid;--> statement-breakpoint
CREATE INDEX "invalidation_outbox_user" ON "invalidation_outbox" USING btree ("user_id","id");