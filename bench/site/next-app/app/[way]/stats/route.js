import { toWay, visitorOf } from '../../../ways.js'

/** @param {Request} request @param {{ params: Promise<{ way: string }> }} context */
export async function GET(request, { params }) {
  const { way } = await params
  const isAllowed = await toWay(way).statsRoute(visitorOf(request))
  return isAllowed ? Response.json({ totalSignups: 140 }) : new Response(null, { status: 429 })
}
