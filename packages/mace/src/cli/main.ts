#!/usr/bin/env node
import { modelFiles } from './model-files.ts'
import { runProcess } from './process.ts'

await runProcess(modelFiles)
