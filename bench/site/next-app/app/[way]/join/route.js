import { toWay, visitorOf } from '../../../ways.js'

/** @param {Request} request @param {{ params: Promise<{ way: string }> }} context */
export async function POST(request, { params }) {
  const { way } = await params
  const isAllowed = await toWay(way).joinRoute(visitorOf(request))
  return new Response(null, { status: isAllowed ? 201 : 429 })
}
