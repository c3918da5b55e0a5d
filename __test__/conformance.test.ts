import { declareRows } from './helpers/conformance/run.js'

declareRows()
