export { bytes } from './bytes.ts'
export { richJson } from './rich-json.ts'
